WITH @grain
SELECT
    r.bucket AS time,
    concat(r.tags['topic'], ' ', r.tags['partition']) AS partition,
    max(r.max) AS Value
FROM rollups AS r
WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND r.name = 'millrace.ingest.lag' AND r.measurement = 'records'
GROUP BY time, partition
ORDER BY time, partition
