-- The mean of the samples, whatever their number; no sample at all is a gap, a sample without spawned is zero.
-- The highest comes first, so that the mean is drawn over it.
WITH @grain
SELECT time, `{{maximum}}`, spawned FROM (
    SELECT
        r.bucket AS time,
        sumIf(r.count, r.measurement = 'spawned') AS samples,
        toNullable(if(samples = 0, 0., sumIf(r.sum, r.measurement = 'spawned') / samples)) AS spawned,
        toNullable(maxIf(r.max, r.measurement = 'spawned')) AS `{{maximum}}`,
        sum(r.events) AS known
    FROM rollups AS r
    WHERE r.name = 'bezgelor.server.creatures' AND @inside
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
