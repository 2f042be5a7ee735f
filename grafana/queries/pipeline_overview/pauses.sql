WITH @grain
SELECT * FROM (
    SELECT
        r.bucket AS time,
        multiIf(r.name = 'millrace.ingest.lost', '{{offsets lost}}', r.tags['state'] = 'paused', '{{paused}}', '{{resumed}}') AS what,
        sum(r.sum) AS Value
    FROM rollups AS r
    WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
        AND r.name IN ('millrace.ingest.pauses', 'millrace.ingest.lost') AND r.measurement = 'count'
    GROUP BY time, what
    ORDER BY what, time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE what != ''
ORDER BY time, what
