SELECT
    namespace AS `{{namespace}}`,
    name AS `{{event}}`,
    key AS `{{key}}`,
    sum(dropped) AS `{{times}}`,
    max(bucket) AS `{{last minute}}`
FROM dropped_keys
WHERE $__timeFilter(bucket) AND NOT endsWith(topic, 'telemetry.millrace')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY namespace, name, key
ORDER BY sum(dropped) DESC, namespace, name, key LIMIT 50
