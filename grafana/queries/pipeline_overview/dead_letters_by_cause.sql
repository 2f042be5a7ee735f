SELECT
    tenant AS `{{tenant}}`,
    namespace AS `{{namespace}}`,
    name AS `{{event}}`,
    reason AS `{{reason}}`,
    field AS `{{field}}`,
    count() AS `{{times}}`,
    any(message) AS `{{for example}}`,
    max(received_at) AS `{{newest}}`
FROM dead_letters
WHERE $__timeFilter(received_at) AND NOT endsWith(topic, 'telemetry.millrace')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY tenant, namespace, name, reason, field
ORDER BY count() DESC, tenant, name, reason, field LIMIT 50
