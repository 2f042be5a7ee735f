SELECT
    ifNotFinite(countIf(processing = 'completed') / count() * 100, 0) AS `{{Success Rate}}`,
    round(ifNull(avg(processing_ms), 0)) / 1000 AS `{{Avg Time}}`,
    ifNull(quantileExactInclusive(0.95)(processing_ms), 0) / 1000 AS `{{P95}}`,
    count() AS `{{Total Processed}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND started_at <= $__toTime
