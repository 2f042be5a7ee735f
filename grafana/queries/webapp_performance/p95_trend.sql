-- P99 comes first, so that P95 is drawn over it.
WITH @grain
SELECT time, `{{P99}}`, `{{P95}}` FROM (
    SELECT
        r.bucket AS time,
        quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles) AS levels,
        toNullable(levels[3]) AS `{{P95}}`,
        toNullable(levels[4]) AS `{{P99}}`,
        sum(r.count) AS known
    FROM rollups AS r
    WHERE @chosen AND r.measurement = 'response_time_ms'
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
