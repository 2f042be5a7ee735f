WITH @grain
SELECT sum(r.sum) / sum(r.count) AS `{{Groups}}`
FROM rollups AS r
WHERE @chosen AND name = 'apikey.groups.count' AND measurement = 'value'
HAVING count() > 0
