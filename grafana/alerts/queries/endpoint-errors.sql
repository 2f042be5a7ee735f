SELECT
    r.tenant AS tenant,
    r.tags['endpoint'] AS endpoint,
    r.tags['method'] AS method,
    sumIf(r.count, toUInt16OrZero(r.tags['status_code']) >= 400) / sum(r.count) AS Value
FROM rollup_1m AS r
WHERE $__timeFilter(r.bucket) AND r.name = 'webapp.request' AND r.measurement = 'response_time_ms'
GROUP BY tenant, endpoint, method
HAVING sum(r.count) >= @SAMPLE
ORDER BY Value DESC, tenant, endpoint, method LIMIT 100
