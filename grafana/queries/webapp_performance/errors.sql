WITH @grain
SELECT sumIf(r.events, @failed) AS `{{Errors}}`
FROM rollups AS r
WHERE @chosen
HAVING sum(r.events) > 0
