WITH @grain
SELECT uniqExact(r.tenant, r.tags) AS `{{Series}}`
FROM rollups AS r
WHERE @rows
