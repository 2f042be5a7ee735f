WITH @grain
SELECT uniqCombined64Merge(r.actors) AS `{{Distinct actors}}`
FROM rollups AS r
WHERE @rows
