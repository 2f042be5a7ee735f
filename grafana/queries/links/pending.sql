SELECT count() AS `{{Pending Processing}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND processing = 'pending' AND started_at <= $__toTime
