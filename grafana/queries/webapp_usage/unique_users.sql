-- Of usage alone; whoever only called the API is not among them.
WITH @grain
SELECT
    uniqCombined64Merge(r.actors)
        + (${include_anonymous:singlequote} = 'on' AND sum(r.anonymous) > 0) AS `{{Unique users}}`
FROM rollups AS r
WHERE @used
HAVING sum(r.events) > 0
