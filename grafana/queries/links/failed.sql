SELECT count() AS `{{Failed}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND processing = 'failed' AND failed_at <= $__toTime
