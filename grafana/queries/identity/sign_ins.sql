SELECT
    started_at AS `{{Time}}`,
    tenant AS `{{Tenant}}`,
    if(user = '', '{{not known}}', user) AS `{{User}}`,
    if(provider = '', '–', provider) AS `{{Provider}}`,
    if(method = '', '–', method) AS `{{Method}}`,
    if(client = '', '–', client) AS `{{Application}}`,
    multiIf(
        ended_at <= $__toTime, 'ended',
        expires_at <= $__toTime, 'expired',
        'active'
    ) AS `{{State}}`
FROM sessions
WHERE $__timeFilter(started_at)
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY started_at DESC, session LIMIT toUInt64(${limit:singlequote})
