SELECT $__timeInterval(bucket) AS time, tags['worker'] AS worker, max(max) AS Value
FROM rollup_1m
WHERE $__timeFilter(bucket) AND name = 'millrace.worker.memory' AND measurement = 'rss_bytes'
GROUP BY time, worker
ORDER BY time, worker
