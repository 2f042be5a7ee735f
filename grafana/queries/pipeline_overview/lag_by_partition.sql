SELECT
    $__timeInterval(bucket) AS time,
    concat(tags['topic'], ' ', tags['partition']) AS partition,
    max(max) AS Value
FROM rollup_1m
WHERE $__timeFilter(bucket) AND name = 'millrace.ingest.lag' AND measurement = 'records'
GROUP BY time, partition
ORDER BY time, partition
