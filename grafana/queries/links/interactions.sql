WITH @days
SELECT * FROM
(
    SELECT
        toStartOfDay(r.bucket, ${zone:singlequote}) AS time,
        if(r.tags['type'] = '', '{{no type}}', r.tags['type']) AS type,
        sum(r.events) AS Value
    FROM rollups AS r
    WHERE r.grain = day_grain AND r.bucket >= first_day_start AND $__timeFilter(r.bucket)
        AND r.tenant = ${tenant:singlequote} AND r.name = 'linkInteracted'
    GROUP BY time, type
    ORDER BY type, time WITH FILL FROM first_day_start TO end_of_days STEP toIntervalDay(1)
)
-- Filling an empty result makes a series without a name.
WHERE type != ''
ORDER BY time, type
