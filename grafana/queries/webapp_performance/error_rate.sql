WITH @grain
SELECT sumIf(r.events, @failed) / sum(r.events) AS `{{Error rate}}`
FROM rollups AS r
WHERE @chosen
HAVING sum(r.events) > 0
