SELECT measurement FROM rollup_1d
WHERE bucket >= toStartOfDay($__fromTime) AND bucket <= $__toTime
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND name = ${name:singlequote}
GROUP BY measurement
ORDER BY sum(count) DESC, measurement LIMIT 100
