WITH @grain
SELECT
    r.bucket AS time,
    sumIf(r.events, r.name = 'linkProcessingStarted') AS `{{Started}}`,
    sumIf(r.events, r.name = 'linkProcessingCompleted') AS `{{Completed}}`,
    sumIf(r.events, r.name = 'linkProcessingFailed') AS `{{Failed}}`,
    sumIf(r.events, r.name = 'linkSummarized') AS `{{Summarized}}`
FROM rollups AS r
WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND r.tenant = ${tenant:singlequote}
    AND r.name IN ('linkProcessingStarted', 'linkProcessingCompleted', 'linkProcessingFailed', 'linkSummarized')
GROUP BY time
ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
