WITH @grain
SELECT * FROM
(
    SELECT toStartOfInterval(received_at, toIntervalSecond(step)) AS time, reason, count() AS Value
    FROM dead_letters
    WHERE received_at >= first_bucket AND $__timeFilter(received_at)
        AND tenant = ${tenant:singlequote} AND namespace = 'links'
    GROUP BY time, reason
    ORDER BY reason, time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE reason != ''
ORDER BY time, reason
