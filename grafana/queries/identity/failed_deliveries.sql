SELECT
    failed_at AS `{{Time}}`,
    tenant AS `{{Tenant}}`,
    if(event_type = '', '–', event_type) AS `{{Event}}`,
    if(webhook = '', '–', webhook) AS `{{Webhook}}`,
    if(response_code = '', '–', response_code) AS `{{Response}}`,
    attempts AS `{{Attempts}}`
FROM deliveries
WHERE state = 'failed' AND $__timeFilter(failed_at)
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY failed_at DESC, delivery LIMIT toUInt64(${limit:singlequote})
