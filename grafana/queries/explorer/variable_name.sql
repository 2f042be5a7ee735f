SELECT name FROM rollup_1d
WHERE bucket >= toStartOfDay($__fromTime) AND bucket <= $__toTime
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
GROUP BY name
ORDER BY startsWith(name, 'millrace.'), name LIMIT 5000
