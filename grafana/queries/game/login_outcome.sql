-- Totals of the whole range, one column a category.
WITH @grain
SELECT
    sumIf(r.events, r.tags['success'] = 'true') AS `success:true`,
    sumIf(r.events, r.tags['success'] = 'false') AS `success:false`
FROM rollups AS r
WHERE r.name = 'bezgelor.auth.login_complete' AND @inside
HAVING `success:true` + `success:false` > 0
