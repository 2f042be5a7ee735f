WITH @grain, @metric
SELECT
    @group AS `{{Group}}`,
    sum(r.count) AS `{{Values}}`,
    if(summable, sum(r.sum), NULL) AS `{{Sum}}`,
    sum(r.sum) / sum(r.count) AS `{{Mean}}`,
    min(r.min) AS `{{Min}}`,
    max(r.max) AS `{{Max}}`,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[1] AS `p50`,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[3] AS `p95`,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[4] AS `p99`,
    argMaxMerge(r.last) AS `{{Newest}}`,
    uniqExact(r.tenant, r.tags) AS `{{Series}}`
FROM rollups AS r
WHERE @rows
GROUP BY `{{Group}}`
ORDER BY `{{Values}}` DESC, `{{Group}}`
LIMIT 100
