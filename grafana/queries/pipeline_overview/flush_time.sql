SELECT time, levels[1] AS p50, levels[3] AS p95, levels[4] AS p99 FROM (
    SELECT
        $__timeInterval(bucket) AS time,
        quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(quantiles) AS levels
    FROM rollup_1m
    WHERE $__timeFilter(bucket) AND name = 'millrace.ingest.flush' AND measurement = 'seconds'
        AND NOT endsWith(tags['topic'], 'telemetry.millrace')
    GROUP BY time
)
ORDER BY time
