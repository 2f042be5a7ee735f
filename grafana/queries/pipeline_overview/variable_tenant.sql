SELECT DISTINCT tenant FROM rollup_1m
WHERE $__timeFilter(bucket) AND NOT startsWith(name, 'millrace.')
ORDER BY tenant LIMIT 1000
