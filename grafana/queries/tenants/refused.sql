SELECT sum(o.refused) AS `{{Refused}}`
FROM tag_overflows AS o
WHERE $__timeFilter(o.bucket) AND $__conditionalAll(o.tenant IN (${tenant:singlequote}), $tenant)
