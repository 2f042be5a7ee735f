-- Records a minute that the worst partition has grown by: the mean of five minutes against the five before.
SELECT max(newer - older) / 5 AS `{{Lag trend}}` FROM (
    SELECT
        sumIf(r.sum, r.bucket >= $__toTime - INTERVAL 5 MINUTE) / sumIf(r.count, r.bucket >= $__toTime - INTERVAL 5 MINUTE) AS newer,
        sumIf(r.sum, r.bucket < $__toTime - INTERVAL 5 MINUTE) / sumIf(r.count, r.bucket < $__toTime - INTERVAL 5 MINUTE) AS older
    FROM rollup_1m AS r
    WHERE r.name = 'millrace.ingest.lag' AND r.measurement = 'records'
        AND r.bucket >= $__toTime - INTERVAL 10 MINUTE AND r.bucket <= $__toTime
    GROUP BY r.tenant, r.tags
)
WHERE isFinite(newer - older)
HAVING count() > 0
