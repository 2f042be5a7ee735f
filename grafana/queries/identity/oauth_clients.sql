SELECT count() AS `{{OAuth Clients}}`
FROM oauth_clients
WHERE ifNull(registered_at, changed_at) <= $__toTime AND (state != 'deleted' OR changed_at > $__toTime)
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
