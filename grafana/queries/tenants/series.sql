WITH @grain
SELECT uniqExact(r.tenant, r.name, r.tags) AS `{{Series}}`
FROM rollups AS r
WHERE @inside
