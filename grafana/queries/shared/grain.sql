-- The grain of a range: its buckets are the points of a chart.
@kept,
multiIf(
    span <= 7200 AND kept_1m, '1m',
    span <= 172800 AND kept_5m, '5m',
    span <= 1209600 AND kept_1h, '1h',
    '1d'
) AS wanted_grain,
multiIf(wanted_grain = '1m', 60, wanted_grain = '5m', 300, wanted_grain = '1h', 3600, 86400) AS step,
@ends
