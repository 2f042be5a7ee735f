-- Distinct over both kinds of record and the whole range: states are merged, never added.
WITH @grain
SELECT
    uniqCombined64Merge(r.actors)
        + (${include_anonymous:singlequote} = 'on' AND sum(r.anonymous) > 0) AS `{{Active users}}`
FROM rollups AS r
WHERE startsWith(r.name, 'webapp.') AND @inside
HAVING sum(r.events) > 0
