WITH @grain
SELECT
    r.bucket AS time,
    maxIf(r.max, r.measurement = 'running') AS `{{running}}`,
    maxIf(r.max, r.measurement = 'seconds') AS `{{longest}}`
FROM rollups AS r
WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND r.name = 'millrace.store.merges'
GROUP BY time
ORDER BY time
