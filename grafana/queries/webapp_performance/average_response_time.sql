WITH @grain
SELECT sum(r.sum) / sum(r.count) AS `{{Average}}`
FROM rollups AS r
WHERE @chosen AND r.measurement = 'response_time_ms'
HAVING sum(r.count) > 0
