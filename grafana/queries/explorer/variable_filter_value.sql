SELECT DISTINCT tags[${filter_tag:singlequote}] AS value FROM rollup_1d
WHERE bucket >= toStartOfDay($__fromTime) AND bucket <= $__toTime
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND name = ${name:singlequote}
    AND mapContains(tags, ${filter_tag:singlequote})
ORDER BY value LIMIT 1000
