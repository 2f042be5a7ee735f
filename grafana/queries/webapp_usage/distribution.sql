WITH @grain
SELECT substring(r.name, length('webapp.') + 1) AS type, sum(r.events) AS Value
FROM rollups AS r
WHERE @used
GROUP BY type
ORDER BY Value DESC, type
LIMIT 20
