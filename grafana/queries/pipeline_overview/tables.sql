-- The newest size before the range's end, and how much a day it grew by over the week before that.
SELECT
    table AS `{{table}}`,
    retention_class AS `{{retention class}}`,
    maxIf(newest, measurement = 'rows') AS `{{rows}}`,
    maxIf(growth, measurement = 'rows') AS `{{rows a day}}`,
    maxIf(newest, measurement = 'bytes') AS `{{bytes}}`,
    maxIf(growth, measurement = 'bytes') AS `{{bytes a day}}`
FROM (
    SELECT
        table, retention_class, measurement,
        argMax(size, at) AS newest,
        if(min(at) = max(at), NULL, (newest - argMin(size, at)) * 86400 / dateDiff('second', min(at), max(at))) AS growth
    FROM (
        SELECT
            r.tags['table'] AS table, r.tags['retention_class'] AS retention_class,
            r.measurement AS measurement, r.bucket AS at, argMaxMerge(r.last) AS size
        FROM rollup_1m AS r
        WHERE r.name = 'millrace.store.table' AND r.bucket > $__toTime - INTERVAL 1 HOUR AND r.bucket <= $__toTime
        GROUP BY table, retention_class, measurement, at
        UNION ALL
        -- What an hour holds last is of its end; the hour that is not over may hold what came after the range.
        SELECT
            r.tags['table'] AS table, r.tags['retention_class'] AS retention_class,
            r.measurement AS measurement, r.bucket + INTERVAL 59 MINUTE AS at, argMaxMerge(r.last) AS size
        FROM rollup_1h AS r
        WHERE r.name = 'millrace.store.table'
            AND r.bucket > $__toTime - INTERVAL 7 DAY AND r.bucket <= $__toTime - INTERVAL 1 HOUR
        GROUP BY table, retention_class, measurement, at
    )
    GROUP BY table, retention_class, measurement
    HAVING max(at) > $__toTime - INTERVAL 1 HOUR
)
GROUP BY table, retention_class
ORDER BY `{{bytes}}` DESC, table, retention_class LIMIT 100
