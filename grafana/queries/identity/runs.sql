WITH @grain,
arraySort(groupUniqArrayIf(5)(r.tags['block_reason'], r.tags['block_reason'] != '')) AS reasons
SELECT
    if(r.tags['pipeline_id'] = '', '{{not known}}', r.tags['pipeline_id']) AS `{{Pipeline}}`,
    sumIf(r.count, measurement = 'duration_ms') AS `{{Runs}}`,
    sumIf(r.count, measurement = 'duration_ms' AND r.tags['status'] = 'failure') AS `{{Failures}}`,
    sumIf(r.count, measurement = 'duration_ms' AND r.tags['status'] = 'blocked') AS `{{Blocked}}`,
    if(empty(reasons), '–', arrayStringConcat(reasons, ', ')) AS `{{Block Reasons}}`,
    quantilesBFloat16MergeIf(0.5, 0.9, 0.95, 0.99)(r.quantiles, measurement = 'duration_ms')[3] AS `{{Run P95}}`,
    sumIf(r.sum, measurement = 'overhead_ms') / sumIf(r.sum, measurement = 'duration_ms') AS `{{Engine Share}}`
FROM rollups AS r
WHERE @chosen AND name = 'identity.run.finished'
GROUP BY `{{Pipeline}}`
ORDER BY `{{Runs}}` DESC, `{{Pipeline}}` LIMIT 50
