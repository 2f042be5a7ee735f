-- GAME-46: minutes up to 48 whole hours, hours up to 336, then days; coarser where the finer has expired.
@kept,
multiIf(intDiv(span, 3600) <= 48 AND kept_1m, '1m', intDiv(span, 3600) <= 336 AND kept_1h, '1h', '1d') AS wanted_grain,
multiIf(wanted_grain = '1m', 60, wanted_grain = '1h', 3600, 86400) AS step,
@ends
