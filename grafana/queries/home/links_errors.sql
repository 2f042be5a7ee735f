WITH @grain
SELECT sumIf(r.events, r.name = 'linkProcessingFailed') / sum(r.events) AS `{{Failed}}`
FROM rollups AS r
WHERE @inside AND r.name IN ('linkProcessingCompleted', 'linkProcessingFailed')
HAVING sum(r.events) > 0
