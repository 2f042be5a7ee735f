WITH @grain, busiest AS (
    SELECT r.name AS name FROM rollups AS r
    WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND r.bucket < open_bucket AND $__timeFilter(r.bucket)
        AND NOT startsWith(r.name, 'millrace.')
        AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY name ORDER BY sum(r.events) DESC, name LIMIT 9
)
SELECT * FROM (
    SELECT
        r.bucket AS time,
        if(r.name IN busiest, r.name, '{{other}}') AS event,
        sum(r.events) / step AS Value
    FROM rollups AS r
    WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND r.bucket < open_bucket AND $__timeFilter(r.bucket)
        AND NOT startsWith(r.name, 'millrace.')
        AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY time, event
    ORDER BY event, time WITH FILL FROM first_bucket TO open_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE event != ''
ORDER BY time, event
