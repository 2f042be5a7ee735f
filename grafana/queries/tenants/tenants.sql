-- Bytes are an estimate: the events of the range, each as large as raw events are in the mean.
WITH
    @grain,
    (
        SELECT sumIf(newest, measurement = 'bytes') / sumIf(newest, measurement = 'rows')
        FROM
        (
            SELECT s.measurement AS measurement, s.tags AS tags, argMaxMerge(s.last) AS newest
            FROM rollup_1m AS s
            WHERE s.name = 'millrace.store.table' AND s.tags['table'] = 'events'
                AND s.bucket > $__toTime - INTERVAL 10 MINUTE AND s.bucket <= $__toTime
            GROUP BY measurement, s.tenant, tags
        )
    ) AS row_bytes
SELECT
    r.tenant AS `{{Tenant}}`,
    sum(r.events) AS `{{Events}}`,
    `{{Events}}` / sum(`{{Events}}`) OVER () AS `{{Share}}`,
    uniqExact(r.name) AS `{{Names}}`,
    uniqExact(r.name, r.tags) AS `{{Series}}`,
    count() AS `{{Rollup rows}}`,
    if(isFinite(row_bytes), `{{Events}}` * row_bytes, NULL) AS `{{Raw bytes}}`,
    max(r.bucket) AS `{{Newest bucket}}`
FROM rollups AS r
WHERE @inside
GROUP BY `{{Tenant}}`
ORDER BY `{{Events}}` DESC, `{{Tenant}}`
LIMIT 100
