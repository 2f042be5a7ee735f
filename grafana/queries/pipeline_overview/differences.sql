WITH @grain
SELECT r.bucket AS time, r.tags['table'] AS table, max(r.max) AS Value
FROM rollups AS r
WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND r.name = 'millrace.reconcile.difference' AND r.measurement = 'count'
GROUP BY time, table
ORDER BY time, table
