WITH @grain
SELECT sum(r.events) AS `{{Requests}}`
FROM rollups AS r
WHERE @chosen
HAVING `{{Requests}}` > 0
