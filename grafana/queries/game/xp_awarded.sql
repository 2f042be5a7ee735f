-- A bucket of events that carried no xp_reward is zero.
WITH @grain
SELECT time, xp_reward FROM (
    SELECT r.bucket AS time, sumIf(r.sum, r.measurement = 'xp_reward') AS xp_reward, sum(r.events) AS known
    FROM rollups AS r
    WHERE r.name = 'bezgelor.creature.killed' AND @inside
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
