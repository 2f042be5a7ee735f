SELECT DISTINCT tenant FROM rollup_1d
WHERE bucket >= toStartOfDay($__fromTime) AND bucket <= $__toTime
ORDER BY tenant LIMIT 1000
