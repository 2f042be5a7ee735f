-- What each class held last in a bucket, then added up over the classes: never over time.
WITH @grain, sizes AS (
    SELECT r.bucket AS time, r.tags['table'] AS table, argMaxMerge(r.last) AS bytes
    FROM rollups AS r
    WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
        AND r.name = 'millrace.store.table' AND r.measurement = 'bytes'
    GROUP BY time, table, r.tags
), largest AS (
    SELECT table FROM sizes GROUP BY table ORDER BY max(bytes) DESC, table LIMIT 7
)
SELECT time, if(table IN largest, table, '{{other}}') AS name, sum(bytes) AS Value
FROM sizes
GROUP BY time, name
ORDER BY time, name
