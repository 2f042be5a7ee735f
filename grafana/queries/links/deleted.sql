SELECT count() AS `{{Deleted Links}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND saved AND deleted AND deleted_at <= $__toTime
