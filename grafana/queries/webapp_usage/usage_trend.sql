WITH @grain
SELECT time, `{{Events}}` FROM (
    SELECT r.bucket AS time, sum(r.events) AS `{{Events}}`
    FROM rollups AS r
    WHERE @used
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(`{{Events}}`) OVER () > 0
ORDER BY time
