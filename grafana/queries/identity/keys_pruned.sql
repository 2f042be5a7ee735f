WITH @grain
SELECT sum(r.sum) AS `{{Pruned}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name = 'jwks.pruned.count'
