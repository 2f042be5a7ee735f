SELECT tags['table'] AS table, argMaxMerge(last) AS Value
FROM rollup_1m
WHERE $__timeFilter(bucket) AND name = 'millrace.store.parts' AND measurement = 'parts'
GROUP BY table
ORDER BY Value DESC, table LIMIT 100
