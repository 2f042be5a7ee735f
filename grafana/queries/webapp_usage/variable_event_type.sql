-- The name is the value, the type is what viewers read.
SELECT DISTINCT r.name AS name, substring(r.name, length('webapp.') + 1) AS type FROM rollup_1d AS r
WHERE r.bucket >= toStartOfDay($__fromTime) AND r.bucket <= $__toTime
    AND startsWith(r.name, 'webapp.') AND r.name != 'webapp.request'
    AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
ORDER BY type LIMIT 1000
