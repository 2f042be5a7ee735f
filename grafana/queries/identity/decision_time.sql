WITH @grain
SELECT * FROM (
    SELECT time, toNullable(levels[1]) AS `{{P50}}`, toNullable(levels[3]) AS `{{P95}}` FROM (
        SELECT @slot AS time, quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles) AS levels
        FROM rollups AS r
        WHERE @chosen AND name = 'identity.decision.audited' AND measurement = 'execution_time_ms'
        GROUP BY time
    )
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
WHERE @whole
ORDER BY time
