-- The mean of the samples, whatever their number; no sample at all is a gap, a sample without active is zero.
-- The highest comes first, so that the mean is drawn over it.
WITH @grain
SELECT time, `{{maximum}}`, active FROM (
    SELECT
        r.bucket AS time,
        sumIf(r.count, r.measurement = 'active') AS samples,
        toNullable(if(samples = 0, 0., sumIf(r.sum, r.measurement = 'active') / samples)) AS active,
        toNullable(maxIf(r.max, r.measurement = 'active')) AS `{{maximum}}`,
        sum(r.events) AS known
    FROM rollups AS r
    WHERE r.name = 'bezgelor.server.zones' AND @inside
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
