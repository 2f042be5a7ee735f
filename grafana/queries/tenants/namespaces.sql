WITH @grain, @owner
SELECT
    owner AS `{{Tenant}}`,
    (@owned).4 AS `{{Namespace}}`,
    count() AS `{{Names}}`,
    sum(active) AS `{{Series}}`,
    sum(counted) AS `{{Events}}`
FROM
(
    SELECT r.tenant AS owner, r.name AS metric, uniqExact(r.tags) AS active, sum(r.events) AS counted
    FROM rollups AS r
    WHERE @inside
    GROUP BY owner, metric
)
GROUP BY `{{Tenant}}`, `{{Namespace}}`
ORDER BY `{{Series}}` DESC, `{{Tenant}}`, `{{Namespace}}`
LIMIT 100
