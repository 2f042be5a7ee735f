-- A bucket of events that carried no damage_amount is zero.
WITH @grain
SELECT time, damage_amount FROM (
    SELECT r.bucket AS time, sumIf(r.sum, r.measurement = 'damage_amount') AS damage_amount, sum(r.events) AS known
    FROM rollups AS r
    WHERE r.name = 'bezgelor.combat.damage' AND @inside
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
