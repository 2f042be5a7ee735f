WITH @grain
SELECT sumIf(r.sum, name = 'email.send.error') / sum(r.sum) AS `{{Failures}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name IN ('email.send.success', 'email.send.error')
HAVING sum(r.sum) > 0
