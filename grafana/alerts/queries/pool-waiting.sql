SELECT tenant, argMaxMerge(last) AS Value
FROM rollup_1m
WHERE $__timeFilter(bucket) AND name = 'lua.pool.waiting' AND measurement = 'value'
GROUP BY tenant
ORDER BY Value DESC, tenant LIMIT 100
