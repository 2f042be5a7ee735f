-- The last day that has expired from each grain: one that the days still have, and the grain has not.
-- Not all before its oldest row: a late event brings a single row back to a day that has expired. The
-- parts' metadata answers this, no row is read.
dateDiff('second', $__fromTime, $__toTime) AS span,
(
    SELECT max(day) FROM (
        SELECT toDate(bucket) AS day, retention_class AS class FROM rollup_1d GROUP BY day, class
    )
    WHERE (day, class) NOT IN (
        SELECT toDate(bucket), retention_class FROM rollup_1m GROUP BY toDate(bucket), retention_class
    )
) AS expired_1m,
(
    SELECT max(day) FROM (
        SELECT toDate(bucket) AS day, retention_class AS class FROM rollup_1d GROUP BY day, class
    )
    WHERE (day, class) NOT IN (
        SELECT toDate(bucket), retention_class FROM rollup_5m GROUP BY toDate(bucket), retention_class
    )
) AS expired_5m,
(
    SELECT max(day) FROM (
        SELECT toDate(bucket) AS day, retention_class AS class FROM rollup_1d GROUP BY day, class
    )
    WHERE (day, class) NOT IN (
        SELECT toDate(bucket), retention_class FROM rollup_1h GROUP BY toDate(bucket), retention_class
    )
) AS expired_1h,
toDate($__fromTime) > expired_1m AS kept_1m,
toDate($__fromTime) > expired_5m AS kept_5m,
toDate($__fromTime) > expired_1h AS kept_1h
