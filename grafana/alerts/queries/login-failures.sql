SELECT r.tenant AS tenant, sumIf(r.sum, r.tags['status'] = 'fail') / sum(r.sum) AS Value
FROM rollup_1m AS r
WHERE $__timeFilter(r.bucket) AND r.name = 'auth.login.attempt' AND r.measurement = 'count'
GROUP BY tenant
HAVING sum(r.sum) >= @SAMPLE
ORDER BY Value DESC, tenant LIMIT 100
