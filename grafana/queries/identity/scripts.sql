WITH @grain
SELECT
    if(r.tags['script_id'] = '', '{{not known}}', r.tags['script_id']) AS `{{Script}}`,
    sum(r.count) AS `{{Runs}}`,
    sumIf(r.count, r.tags['status'] = 'failure') AS `{{Failures}}`,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[1] AS `{{P50}}`,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[3] AS `{{P95}}`,
    sum(r.sum) AS `{{Total Time}}`
FROM rollups AS r
WHERE @chosen AND name = 'identity.script.finished' AND measurement = 'duration_ms'
GROUP BY `{{Script}}`
ORDER BY `{{Total Time}}` DESC, `{{Script}}` LIMIT 50
