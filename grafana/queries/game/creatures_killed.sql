WITH @grain
SELECT time, `{{Count}}` FROM (
    SELECT r.bucket AS time, sum(r.events) AS `{{Count}}`
    FROM rollups AS r
    WHERE r.name = 'bezgelor.creature.killed' AND @inside
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(`{{Count}}`) OVER () > 0
ORDER BY time
