-- One figure for the whole range; of a gauge's sum the newest samples of its series.
WITH @grain, @metric
SELECT
    if(
        wanted = 'sum' AND NOT summable,
        sum(r.newest),
        @value / if(wanted = 'rate', greatest(1, dateDiff('second', first_bucket, $__toTime)), 1)
    ) AS `{{Over the range}}`
FROM
(
    SELECT
        sum(r.count) AS count,
        sum(r.sum) AS sum,
        min(r.min) AS min,
        max(r.max) AS max,
        argMaxMerge(r.last) AS newest,
        argMaxMergeState(r.last) AS last,
        quantilesBFloat16MergeState(0.5, 0.9, 0.95, 0.99)(r.quantiles) AS quantiles
    FROM rollups AS r
    WHERE @rows
    GROUP BY r.tenant, r.tags
) AS r
HAVING count() > 0
