WITH @grain, busiest AS (
    SELECT r.tags['reason'] AS value
    FROM rollups AS r
    WHERE @chosen AND @counted AND name = 'apikey.auth.invalid.count'
    GROUP BY value ORDER BY sum(r.sum) DESC, value LIMIT 8
)
SELECT * FROM (
    SELECT
        @slot AS time,
        multiIf(r.tags['reason'] NOT IN busiest, '{{other}}', r.tags['reason'] = '', '{{no reason}}', r.tags['reason']) AS reason,
        sum(r.sum) AS Value
    FROM rollups AS r
    WHERE @chosen AND @counted AND name = 'apikey.auth.invalid.count'
    GROUP BY time, reason
    ORDER BY reason, time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE reason != '' AND @whole
ORDER BY time, reason
