SELECT max(dateDiff('second', started_at, $__toTime)) AS `{{Oldest pending}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND processing = 'pending' AND started_at <= $__toTime
HAVING count() > 0
