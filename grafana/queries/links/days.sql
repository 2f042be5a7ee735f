-- Days and weeks of the chosen time zone; the finest grain that is kept cuts days of any zone exactly.
@kept,
multiIf(kept_5m, '5m', kept_1h, '1h', '1d') AS day_grain,
86400 AS step,
toTimeZone($__toTime, ${zone:singlequote}) AS local_end,
toStartOfDay(local_end) AS today,
toDateTime(toStartOfWeek(local_end, toUInt8(${week:singlequote})), ${zone:singlequote}) AS this_week,
-- The first day that lies in the range as a whole, and the end of the last one.
toStartOfDay(toTimeZone($__fromTime, ${zone:singlequote}) - 1 + INTERVAL 1 DAY) AS first_day_start,
today + INTERVAL 1 DAY AS end_of_days
