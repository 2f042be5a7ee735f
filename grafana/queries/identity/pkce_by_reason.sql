WITH @grain
SELECT if(r.tags['reason'] = '', '{{no reason}}', r.tags['reason']) AS reason, sum(r.sum) AS `{{Failures}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name = 'oauth.pkce.failure.count'
GROUP BY reason
ORDER BY sum(r.sum) DESC, reason LIMIT 8
