SELECT
    r.tenant AS tenant,
    r.tags['endpoint'] AS endpoint,
    r.tags['method'] AS method,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[3] AS Value
FROM rollup_1m AS r
WHERE $__timeFilter(r.bucket) AND r.name = 'webapp.request' AND r.measurement = 'response_time_ms'
GROUP BY tenant, endpoint, method
HAVING sum(r.count) >= @SAMPLE
ORDER BY Value DESC, tenant, endpoint, method LIMIT 100
