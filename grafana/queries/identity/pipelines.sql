WITH @grain, busiest AS (
    SELECT r.tags['trigger_event'] AS trigger
    FROM rollups AS r
    WHERE @chosen AND name = 'pipeline.exec.duration' AND measurement = 'value'
    GROUP BY trigger ORDER BY sum(r.count) DESC, trigger LIMIT 5
)
SELECT time, series, Value FROM (
    SELECT time, concat(if(trigger = '', '{{no trigger}}', trigger), ' ', level.1) AS series, level.2 AS Value FROM (
        SELECT
            @slot AS time,
            r.tags['trigger_event'] AS trigger,
            quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles) AS levels,
            arrayJoin([('P50', toNullable(levels[1])), ('P95', toNullable(levels[3]))]) AS level
        FROM rollups AS r
        WHERE @chosen AND name = 'pipeline.exec.duration' AND measurement = 'value'
            AND r.tags['trigger_event'] IN busiest
        GROUP BY time, trigger
    )
    ORDER BY series, time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE series != '' AND @whole
ORDER BY time, series
