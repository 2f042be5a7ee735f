-- The finest grain that still holds the end of the range; the parts' metadata answers this.
toDate($__toTime, 'UTC') IN (SELECT toDate(bucket) FROM rollup_1m GROUP BY toDate(bucket)) AS still_1m,
toDate($__toTime, 'UTC') IN (SELECT toDate(bucket) FROM rollup_5m GROUP BY toDate(bucket)) AS still_5m,
multiIf(still_1m, '1m', still_5m, '5m', '1h') AS last_grain,
transform(last_grain, ['1m', '5m'], [60, 300], 3600) AS last_step
