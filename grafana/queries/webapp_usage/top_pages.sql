WITH @grain
SELECT if(r.tags['page_name'] = '', '{{unknown}}', r.tags['page_name']) AS page, sum(r.events) AS Value
FROM rollups AS r
WHERE r.name = 'webapp.page_view' AND @inside
GROUP BY page
ORDER BY Value DESC, page
LIMIT 5
