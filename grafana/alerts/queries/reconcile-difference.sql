SELECT argMaxMerge(last) AS Value
FROM rollup_1m
WHERE $__timeFilter(bucket) AND name = 'millrace.reconcile.finished' AND measurement = 'differences'
HAVING count() > 0
