WITH @grain
SELECT sum(r.count) AS `{{Values}}`
FROM rollups AS r
WHERE @rows
