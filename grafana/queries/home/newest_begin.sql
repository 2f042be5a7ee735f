-- The grain of a long range is too coarse for what came just now, so the last two hours are also read by the minute.
WITH @grain
SELECT greatest(0, dateDiff('second', max(newest), $__toTime)) AS `{{Age}}` FROM (
    SELECT max(r.bucket) AS newest, count() AS found
    FROM rollups AS r
    WHERE @inside
