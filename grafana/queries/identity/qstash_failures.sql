WITH @grain
SELECT
    least(1, sumIf(r.sum, name = 'qstash.publish.error.count') / sumIf(r.sum, name = 'webhook.emit.count')) AS `{{Failures}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name IN ('webhook.emit.count', 'qstash.publish.error.count')
HAVING sumIf(r.sum, name = 'webhook.emit.count') > 0
