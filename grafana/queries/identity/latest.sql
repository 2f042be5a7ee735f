-- The finest grain that still holds the end of the range.
@kept,
toDate($__toTime, 'UTC') > expired_1m AS still_1m,
toDate($__toTime, 'UTC') > expired_5m AS still_5m,
multiIf(still_1m, '1m', still_5m, '5m', '1h') AS last_grain,
multiIf(still_1m, 60, still_5m, 300, 3600) AS last_step
