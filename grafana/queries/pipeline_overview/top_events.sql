SELECT
    r.tenant AS tenant,
    r.name AS event,
    sum(r.events) AS events,
    events / greatest(1, $__toTime - $__fromTime) AS `a second`,
    uniqCombined64Merge(r.actors) AS `distinct actors`,
    sum(r.anonymous) AS `without actor`,
    max(r.bucket) AS `last minute`
FROM rollup_1m AS r
WHERE $__timeFilter(r.bucket) AND NOT startsWith(r.name, 'millrace.')
    AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
GROUP BY tenant, event
ORDER BY events DESC, tenant, event LIMIT 50
