-- P99 comes first, so that the others are drawn over it.
WITH @grain
SELECT time, `{{P99}}`, `{{P95}}`, `{{P50}}` FROM (
    SELECT
        r.bucket AS time,
        quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles) AS levels,
        toNullable(levels[1]) AS `{{P50}}`,
        toNullable(levels[3]) AS `{{P95}}`,
        toNullable(levels[4]) AS `{{P99}}`,
        sum(r.count) AS known
    FROM rollups AS r
    WHERE r.name = 'bezgelor.auth.login_complete' AND r.measurement = 'duration_ms' AND @inside
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
