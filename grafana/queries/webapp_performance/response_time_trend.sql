WITH @grain
SELECT time, `{{Average}}`, `{{P50}}` FROM (
    SELECT
        r.bucket AS time,
        toNullable(sum(r.sum) / sum(r.count)) AS `{{Average}}`,
        toNullable(quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[1]) AS `{{P50}}`,
        sum(r.count) AS known
    FROM rollups AS r
    WHERE @chosen AND r.measurement = 'response_time_ms'
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
