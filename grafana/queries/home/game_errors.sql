WITH @grain
SELECT sumIf(r.events, r.tags['success'] = 'false') / sum(r.events) AS `{{Failed}}`
FROM rollups AS r
WHERE @inside AND @game AND r.tags['success'] IN ('true', 'false')
HAVING sum(r.events) > 0
