SELECT r.tags['disk'] AS disk,
    argMaxMergeIf(r.last, r.measurement = 'free_bytes')
        / argMaxMergeIf(r.last, r.measurement = 'total_bytes') AS Value
FROM rollup_1m AS r
WHERE $__timeFilter(r.bucket) AND r.name = 'millrace.store.disk'
GROUP BY disk
HAVING countIf(r.measurement = 'total_bytes') > 0
ORDER BY Value, disk LIMIT 100
