SELECT value, text
FROM
(
    SELECT '-' AS value, '{{none}}' AS text, 0 AS place
    UNION ALL
    SELECT DISTINCT arrayJoin(mapKeys(tags)) AS value, value AS text, 1 AS place FROM rollup_1d
    WHERE bucket >= toStartOfDay($__fromTime) AND bucket <= $__toTime
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant) AND name = ${name:singlequote}
)
ORDER BY place, text LIMIT 100
