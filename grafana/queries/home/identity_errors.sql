WITH @grain
SELECT sumIf(r.sum, r.tags['status'] = 'fail') / sum(r.sum) AS `{{Failed}}`
FROM rollups AS r
WHERE @inside AND r.name = 'auth.login.attempt' AND r.measurement = 'count' AND r.tags['status'] IN ('success', 'fail')
HAVING sum(r.sum) > 0
