WITH @grain
SELECT quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[3] AS `{{P95}}`
FROM rollups AS r
WHERE @chosen AND name = 'apikey.resolve.duration' AND measurement = 'value'
HAVING count() > 0
