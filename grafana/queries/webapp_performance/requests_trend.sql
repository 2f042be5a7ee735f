WITH @grain
SELECT time, `{{Requests}}` FROM (
    SELECT r.bucket AS time, sum(r.events) AS `{{Requests}}`
    FROM rollups AS r
    WHERE @chosen
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(`{{Requests}}`) OVER () > 0
ORDER BY time
