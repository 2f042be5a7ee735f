SELECT count() AS `{{Dead letters}}`
FROM dead_letters
WHERE $__timeFilter(received_at) AND NOT endsWith(topic, 'telemetry.millrace')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
