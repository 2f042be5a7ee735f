-- A finer grain is kept from the day after the last one that only the days still have. Not from its
-- oldest row: a late event brings a single row back to a day that has expired. The parts' metadata
-- answers this, no row is read.
dateDiff('second', $__fromTime, $__toTime) AS span,
toDate($__fromTime) > (
    SELECT max(day) FROM (
        SELECT toDate(bucket) AS day, retention_class AS class FROM rollup_1d GROUP BY day, class
    )
    WHERE (day, class) NOT IN (
        SELECT toDate(bucket), retention_class FROM rollup_1m GROUP BY toDate(bucket), retention_class
    )
) AS kept_1m,
toDate($__fromTime) > (
    SELECT max(day) FROM (
        SELECT toDate(bucket) AS day, retention_class AS class FROM rollup_1d GROUP BY day, class
    )
    WHERE (day, class) NOT IN (
        SELECT toDate(bucket), retention_class FROM rollup_5m GROUP BY toDate(bucket), retention_class
    )
) AS kept_5m,
toDate($__fromTime) > (
    SELECT max(day) FROM (
        SELECT toDate(bucket) AS day, retention_class AS class FROM rollup_1d GROUP BY day, class
    )
    WHERE (day, class) NOT IN (
        SELECT toDate(bucket), retention_class FROM rollup_1h GROUP BY toDate(bucket), retention_class
    )
) AS kept_1h
