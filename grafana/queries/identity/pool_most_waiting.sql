WITH @grain
SELECT max(r.max) AS `{{Most Waiting}}`
FROM rollups AS r
WHERE @chosen AND name = 'lua.pool.waiting' AND measurement = 'value'
HAVING count() > 0
