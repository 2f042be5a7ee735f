WITH @grain
SELECT sum(r.events) AS `{{Events}}`
FROM rollups AS r
WHERE @inside
