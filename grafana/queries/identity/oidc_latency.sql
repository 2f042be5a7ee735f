WITH @grain
SELECT * FROM (
    SELECT
        time,
        toNullable(authorize[1]) AS `{{Authorize P50}}`,
        toNullable(authorize[3]) AS `{{Authorize P95}}`,
        toNullable(token[1]) AS `{{Token P50}}`,
        toNullable(token[3]) AS `{{Token P95}}`
    FROM (
        SELECT
            @slot AS time,
            quantilesBFloat16MergeIf(0.5, 0.9, 0.95, 0.99)(r.quantiles, name = 'oidc.authorize.latency_ms') AS authorize,
            quantilesBFloat16MergeIf(0.5, 0.9, 0.95, 0.99)(r.quantiles, name = 'oidc.token.latency_ms') AS token
        FROM rollups AS r
        WHERE @chosen AND measurement = 'value' AND name IN ('oidc.authorize.latency_ms', 'oidc.token.latency_ms')
        GROUP BY time
    )
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
WHERE @whole
ORDER BY time
