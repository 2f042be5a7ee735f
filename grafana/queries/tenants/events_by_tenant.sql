WITH @grain
SELECT time, series AS tenant, Value
FROM
(
    SELECT time, if(place <= 9, owner, '{{other}}') AS series, sum(events) / step AS Value
    FROM
    (
        SELECT time, owner, events, dense_rank() OVER (ORDER BY weight DESC, owner) AS place
        FROM
        (
            SELECT time, owner, events, sum(events) OVER (PARTITION BY owner) AS weight
            FROM
            (
                SELECT r.bucket AS time, r.tenant AS owner, sum(r.events) AS events
                FROM rollups AS r
                WHERE @inside AND r.bucket < open_bucket
                GROUP BY time, owner
            )
        )
    )
    GROUP BY time, series
    ORDER BY series, time WITH FILL FROM first_bucket TO open_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE series != ''
ORDER BY time, tenant
