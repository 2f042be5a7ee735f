-- The periods of IDENT-32: 24 buckets of an hour, 28 of six hours, 30 of a day, 12 of a month; the last one is open.
-- A range of three hours or less has buckets of five minutes, any other those of the next longer period.
@kept,
toTimeZone($__fromTime, 'UTC') AS range_start,
toTimeZone($__toTime, 'UTC') AS range_end,
multiIf(
    span <= 10800 AND kept_5m, '5m',
    span <= 604800 AND kept_1h, '1h',
    '1d'
) AS wanted_grain,
-- The months are made of days, and 31 days are not more than a month.
span > 2678400 AS monthly,
multiIf(
    wanted_grain = '5m', 300,
    wanted_grain = '1h' AND span <= 86400, 3600,
    wanted_grain = '1h', 21600,
    86400
) AS step,
if(
    monthly, toDateTime(toStartOfMonth(range_end), 'UTC'), toStartOfInterval(range_end, toIntervalSecond(step))
) AS open_bucket,
if(monthly, addMonths(open_bucket, 1), addSeconds(open_bucket, step)) AS end_bucket,
if(
    monthly,
    greatest(toDateTime(toStartOfMonth(range_start), 'UTC'), subtractMonths(open_bucket, 11)),
    subtractSeconds(open_bucket, (intDiv(span + step - 1, step) - 1) * step)
) AS first_bucket
