WITH @grain, @owner
SELECT
    owner AS `{{Tenant}}`,
    (@owned).4 AS `{{Namespace}}`,
    metric AS `{{Name}}`,
    active AS `{{Series}}`,
    held AS `{{Rollup rows}}`,
    counted AS `{{Events}}`
FROM
(
    SELECT
        r.tenant AS owner,
        r.name AS metric,
        uniqExact(r.tags) AS active,
        count() AS held,
        sum(r.events) AS counted
    FROM rollups AS r
    WHERE @inside
    GROUP BY owner, metric
    ORDER BY active DESC, owner, metric
    LIMIT 50
)
ORDER BY active DESC, owner, metric
LIMIT 50
