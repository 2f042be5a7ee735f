-- What a rate limit held back was not sent, so it neither succeeded nor failed.
WITH @grain
SELECT sumIf(r.sum, name = 'email.send.success') / sum(r.sum) * 100 AS `{{Success Rate}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name IN ('email.send.success', 'email.send.error')
HAVING sum(r.sum) > 0
