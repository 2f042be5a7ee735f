-- Without those that are still pending, so that it does not dip under load.
SELECT ifNotFinite(countIf(processing = 'completed') / countIf(processing IN ('completed', 'failed')) * 100, 0) AS `{{Success of finished}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND started_at <= $__toTime
