SELECT tags['topic'] AS topic, tags['partition'] AS partition, argMaxMerge(last) AS Value
FROM rollup_1m
WHERE $__timeFilter(bucket) AND name = 'millrace.ingest.lag' AND measurement = 'records'
GROUP BY topic, partition
ORDER BY Value DESC, topic, partition LIMIT 100
