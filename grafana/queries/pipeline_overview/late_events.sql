WITH @grain
SELECT * FROM (
    SELECT r.bucket AS time, concat(r.tags['name'], ', ', r.tags['size'], ' s') AS window, sum(r.sum) AS Value
    FROM rollups AS r
    WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
        AND r.name = 'millrace.windows.too_late' AND r.measurement = 'count'
        AND NOT endsWith(r.tags['topic'], 'telemetry.millrace')
    GROUP BY time, window
    ORDER BY window, time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE window != ''
ORDER BY time, window
