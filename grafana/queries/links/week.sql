-- What was counted after the day that the range ends on, and in that day and the seven before it.
toStartOfDay($__toTime, 'UTC') AS last_day,
(
    SELECT (sumIf(change, day > last_day), sum(change))
    FROM
    (
        SELECT r.bucket AS day, if(r.name IN ('linkDeleted', 'linkUncompleted'), -1, 1) * toInt64(r.events) AS change
        FROM rollup_1d AS r
        WHERE r.bucket >= toStartOfDay($__toTime, 'UTC') - INTERVAL 7 DAY AND r.tenant = ${tenant:singlequote}
            AND r.name IN changing
    )
) AS changes,
current - changes.1 AS shown,
current - changes.2 AS week_ago,
toInt64(round((shown - week_ago) / week_ago * 100)) AS change
