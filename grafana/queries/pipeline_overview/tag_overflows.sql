SELECT
    tenant AS `{{tenant}}`,
    name AS `{{event}}`,
    key AS `{{key}}`,
    sum(t.overflowed) AS `{{overflow}}`,
    sum(t.refused) AS `{{refused}}`,
    max(bucket) AS `{{last minute}}`
FROM tag_overflows AS t
WHERE $__timeFilter(bucket) AND NOT endsWith(topic, 'telemetry.millrace')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY tenant, name, key
ORDER BY sum(t.overflowed + t.refused) DESC, tenant, name, key LIMIT 50
