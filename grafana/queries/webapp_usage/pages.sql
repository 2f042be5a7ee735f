-- Views of every page, and what else was done there.
WITH @grain
SELECT
    if(r.tags['page_name'] = '', '{{unknown}}', r.tags['page_name']) AS `{{Page}}`,
    sumIf(r.events, r.name = 'webapp.page_view') AS `{{Views}}`,
    sum(r.events) - `{{Views}}` AS `{{Other events}}`,
    uniqCombined64Merge(r.actors)
        + (${include_anonymous:singlequote} = 'on' AND sum(r.anonymous) > 0) AS `{{Unique users}}`
FROM rollups AS r
WHERE @used
GROUP BY `{{Page}}`
ORDER BY `{{Views}}` DESC, `{{Page}}`
LIMIT 10000
