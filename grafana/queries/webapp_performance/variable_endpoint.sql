SELECT DISTINCT @endpoint AS endpoint FROM rollup_1d AS r
WHERE r.bucket >= toStartOfDay($__fromTime) AND r.bucket <= $__toTime AND r.name = 'webapp.request'
    AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
ORDER BY endpoint LIMIT 1000
