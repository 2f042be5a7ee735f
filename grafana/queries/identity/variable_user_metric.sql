SELECT DISTINCT name FROM rollup_1d
WHERE startsWith(name, 'user.') AND bucket >= toStartOfDay($__fromTime) AND bucket <= $__toTime
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY name LIMIT 1000
