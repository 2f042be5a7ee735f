WITH @grain
SELECT sum(r.sum) AS `{{Exhausted}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name = 'lua.pool.exhausted'
