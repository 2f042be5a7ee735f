SELECT sum(rows) AS Value FROM (
    SELECT argMaxMerge(last) AS rows
    FROM rollup_1m
    WHERE $__timeFilter(bucket) AND name = 'millrace.store.table' AND measurement = 'rows'
        AND tags['retention_class'] = 'webapp'
    GROUP BY tags['table']
)
HAVING count() > 0
