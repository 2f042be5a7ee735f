WITH
    @days,
    multiIf(toDate(today, 'UTC') > expired_5m, '5m', toDate(today, 'UTC') > expired_1h, '1h', '1d') AS today_grain
SELECT sum(r.events) AS `{{Interactions Today}}`
FROM rollups AS r
WHERE r.grain = today_grain AND r.bucket >= today AND r.bucket <= $__toTime
    AND r.tenant = ${tenant:singlequote} AND r.name = 'linkInteracted'
