WITH @grain
SELECT r.bucket AS time, r.tags['worker'] AS worker, max(r.max) AS Value
FROM rollups AS r
WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND r.name = 'millrace.worker.memory' AND r.measurement = 'rss_bytes'
GROUP BY time, worker
ORDER BY time, worker
