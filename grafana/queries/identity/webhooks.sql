WITH @grain
SELECT
    greatest(0, sumIf(r.sum, name = 'webhook.emit.count') - sumIf(r.sum, name = 'qstash.publish.error.count')) AS `{{Successful}}`,
    sumIf(r.sum, name = 'qstash.publish.error.count') AS `{{Failed}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name IN ('webhook.emit.count', 'qstash.publish.error.count')
HAVING count() > 0
