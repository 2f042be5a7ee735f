WITH @grain
SELECT uniqExact(r.name) AS `{{Event types}}`
FROM rollups AS r
WHERE @used
HAVING `{{Event types}}` > 0
