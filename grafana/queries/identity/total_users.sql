-- As of the end of the range; a user whose creation nobody told of is known since the first word of it.
SELECT count() AS `{{Total Users}}`
FROM users
WHERE ifNull(created_at, changed_at) <= $__toTime AND (state != 'deleted' OR deleted_at > $__toTime)
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
