WITH
    sumIf(r.sum, r.name = 'webhook.emit.count') AS emitted,
    sumIf(r.sum, r.name = 'qstash.publish.error.count') AS failed
SELECT r.tenant AS tenant, failed / greatest(emitted, failed) AS Value
FROM rollup_1m AS r
WHERE $__timeFilter(r.bucket) AND r.name IN ('webhook.emit.count', 'qstash.publish.error.count')
    AND r.measurement = 'count'
GROUP BY tenant
HAVING greatest(emitted, failed) >= @SAMPLE
ORDER BY Value DESC, tenant LIMIT 100
