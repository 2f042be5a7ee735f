-- By the producer's time of creation; a deleted link leaves its day, a restored one comes back to it.
-- Counted from the range's very start on, so the first day may be a part (LINK-22).
WITH @days, $__fromTime AS first_moment
SELECT toStartOfDay(created_at, ${zone:singlequote}) AS time, count() AS `{{Links}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND saved AND NOT deleted AND created_at >= first_moment AND $__timeFilter(created_at)
GROUP BY time
ORDER BY time WITH FILL FROM toStartOfDay(toTimeZone($__fromTime, ${zone:singlequote})) TO end_of_days STEP toIntervalDay(1)
