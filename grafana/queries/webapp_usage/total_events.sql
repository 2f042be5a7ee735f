WITH @grain
SELECT sum(r.events) AS `{{Total events}}`
FROM rollups AS r
WHERE @used
HAVING `{{Total events}}` > 0
