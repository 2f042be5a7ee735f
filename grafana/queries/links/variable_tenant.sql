SELECT DISTINCT tenant FROM rollup_1d
WHERE bucket <= $__toTime AND name = 'linkCreated'
ORDER BY tenant LIMIT 1000
