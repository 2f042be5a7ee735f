-- The newest count of each table less that of a day before; only at the limit of all rows.
SELECT sum(newest) - sum(before) AS Value FROM (
    SELECT
        argMaxMergeIf(last, bucket > $__toTime - INTERVAL 1 HOUR) AS newest,
        argMaxMergeIf(last, bucket <= $__toTime - INTERVAL 1 DAY) AS before,
        countIf(bucket <= $__toTime - INTERVAL 1 DAY) AS known
    FROM rollup_1m
    WHERE $__timeFilter(bucket) AND name = 'millrace.store.table' AND measurement = 'rows'
        AND tags['retention_class'] = 'webapp'
    GROUP BY tags['table']
)
HAVING sum(newest) >= @ROWS_BAD AND sum(known) > 0
