SELECT sum(overflowed + refused) AS `{{Tag overflows}}`
FROM tag_overflows
WHERE $__timeFilter(bucket) AND NOT endsWith(topic, 'telemetry.millrace')
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
