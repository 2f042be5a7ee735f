WITH @grain
SELECT time, series AS tenant, Value
FROM
(
    SELECT time, if(place <= 9, owner, '{{other}}') AS series, sum(active) AS Value
    FROM
    (
        SELECT time, owner, active, dense_rank() OVER (ORDER BY weight DESC, owner) AS place
        FROM
        (
            SELECT time, owner, active, max(active) OVER (PARTITION BY owner) AS weight
            FROM
            (
                SELECT r.bucket AS time, r.tenant AS owner, uniqExact(r.name, r.tags) AS active
                FROM rollups AS r
                WHERE @inside
                GROUP BY time, owner
            )
        )
    )
    GROUP BY time, series
    ORDER BY series, time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE series != ''
ORDER BY time, tenant
