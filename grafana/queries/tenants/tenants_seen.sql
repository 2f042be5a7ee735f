WITH @grain
SELECT uniqExact(r.tenant) AS `{{Tenants}}`
FROM rollups AS r
WHERE @inside
