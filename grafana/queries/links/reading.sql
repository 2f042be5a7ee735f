WITH @days
SELECT
    toStartOfDay(r.bucket, ${zone:singlequote}) AS time,
    sumIf(r.events, r.name = 'linkCompleted') AS `{{Marked complete}}`,
    sumIf(r.events, r.name = 'linkUncompleted') AS `{{Mark taken back}}`,
    sumIf(r.events, r.name = 'linkDeleted') AS `{{Deleted}}`,
    sumIf(r.events, r.name = 'linkRestored') AS `{{Restored}}`
FROM rollups AS r
WHERE r.grain = day_grain AND r.bucket >= first_day_start AND $__timeFilter(r.bucket)
    AND r.tenant = ${tenant:singlequote}
    AND r.name IN ('linkCompleted', 'linkUncompleted', 'linkDeleted', 'linkRestored')
GROUP BY time
ORDER BY time WITH FILL FROM first_day_start TO end_of_days STEP toIntervalDay(1)
