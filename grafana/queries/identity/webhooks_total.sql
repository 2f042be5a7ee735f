WITH @grain
SELECT sum(r.sum) AS `{{Total}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name = 'webhook.emit.count'
