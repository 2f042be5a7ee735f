WITH
    @days,
    multiIf(today >= first_5m OR kept_5m, '5m', today >= first_1h OR kept_1h, '1h', '1d') AS today_grain
SELECT sum(r.events) AS `{{Interactions Today}}`
FROM rollups AS r
WHERE r.grain = today_grain AND r.bucket >= today AND r.bucket <= $__toTime
    AND r.tenant = ${tenant:singlequote} AND r.name = 'linkInteracted'
