SELECT tenant, argMaxMerge(last) / 86400000 AS Value
FROM rollup_5m
WHERE $__timeFilter(bucket) AND name = 'jwks.active_key.age_ms' AND measurement = 'value'
GROUP BY tenant
ORDER BY Value DESC, tenant LIMIT 100
