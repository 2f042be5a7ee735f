WITH @days
SELECT count() AS `{{Links This Week}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND saved AND NOT deleted AND created_at >= this_week AND created_at <= $__toTime
