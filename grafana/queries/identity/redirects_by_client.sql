WITH @grain
SELECT if(r.tags['client_type'] = '', '{{no client type}}', r.tags['client_type']) AS client_type, sum(r.sum) AS `{{Refused}}`
FROM rollups AS r
WHERE @chosen AND @counted AND name = 'oauth.redirect_uri.invalid.count'
GROUP BY client_type
ORDER BY sum(r.sum) DESC, client_type LIMIT 8
