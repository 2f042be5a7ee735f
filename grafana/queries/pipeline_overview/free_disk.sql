WITH @grain
SELECT r.bucket AS time, r.tags['disk'] AS disk, minIf(r.min, r.measurement = 'free_bytes') / maxIf(r.max, r.measurement = 'total_bytes') AS Value
FROM rollups AS r
WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND r.name = 'millrace.store.disk'
GROUP BY time, disk
ORDER BY time, disk
