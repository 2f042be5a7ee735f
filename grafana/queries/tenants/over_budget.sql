WITH @grain
SELECT
    toStartOfInterval(o.bucket, toIntervalSecond(step)) AS time,
    sum(o.overflowed) AS `{{Overflowed}}`,
    sum(o.refused) AS `{{Refused}}`
FROM tag_overflows AS o
WHERE o.bucket >= first_bucket AND $__timeFilter(o.bucket)
    AND $__conditionalAll(o.tenant IN (${tenant:singlequote}), $tenant)
GROUP BY time
ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
