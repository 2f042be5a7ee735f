WITH @grain
SELECT sum(r.sum) AS `{{Missing}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name = 'apikey.auth.missing.count'
