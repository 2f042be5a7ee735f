WITH @owner
SELECT
    owner AS `{{Tenant}}`,
    (@owned).4 AS `{{Namespace}}`,
    metric AS `{{Name}}`,
    tag AS `{{Tag}}`,
    h.held AS `{{Values}}`,
    (@owned).5 AS `{{Budget}}`,
    `{{Values}}` / `{{Budget}}` AS `{{Used}}`,
    c.overflowed AS `{{Overflowed}}`,
    c.refused AS `{{Refused}}`
FROM (@held) AS h
LEFT JOIN
(
    SELECT
        o.tenant AS owner,
        o.name AS metric,
        o.key AS tag,
        sum(o.overflowed) AS overflowed,
        sum(o.refused) AS refused
    FROM tag_overflows AS o
    WHERE $__timeFilter(o.bucket)
    GROUP BY owner, metric, tag
) AS c USING (owner, metric, tag)
ORDER BY `{{Used}}` DESC, `{{Overflowed}}` + `{{Refused}}` DESC, owner, metric, tag
LIMIT 50
