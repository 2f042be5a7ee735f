WITH @days
SELECT count() AS `{{Links Today}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND saved AND NOT deleted AND created_at >= today AND created_at <= $__toTime
