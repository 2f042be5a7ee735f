-- Engine: a run's time without its scripts. Scripts: each by itself.
WITH @grain
SELECT * FROM (
    SELECT
        time,
        toNullable(engine[3]) AS `{{Engine P95}}`,
        toNullable(script[3]) AS `{{Script P95}}`
    FROM (
        SELECT
            @slot AS time,
            quantilesBFloat16MergeIf(0.5, 0.9, 0.95, 0.99)(
                r.quantiles, name = 'identity.run.finished' AND measurement = 'overhead_ms'
            ) AS engine,
            quantilesBFloat16MergeIf(0.5, 0.9, 0.95, 0.99)(
                r.quantiles, name = 'identity.script.finished' AND measurement = 'duration_ms'
            ) AS script
        FROM rollups AS r
        WHERE @chosen AND name IN ('identity.run.finished', 'identity.script.finished')
        GROUP BY time
    )
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
WHERE @whole
ORDER BY time
