SELECT sum(o.overflowed) AS `{{Overflowed}}`
FROM tag_overflows AS o
WHERE $__timeFilter(o.bucket) AND $__conditionalAll(o.tenant IN (${tenant:singlequote}), $tenant)
