WITH @grain
SELECT time, levels[1] AS `{{p50}}`, levels[3] AS `{{p95}}`, levels[4] AS `{{p99}}` FROM (
    SELECT
        r.bucket AS time,
        quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles) AS levels
    FROM rollups AS r
    WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
        AND r.name = 'millrace.ingest.flush' AND r.measurement = 'seconds'
        AND NOT endsWith(r.tags['topic'], 'telemetry.millrace')
    GROUP BY time
)
ORDER BY time
