-- A source is what one tenant sends of one kind; links have no prefix of their own.
WITH @grain, splitByChar('.', r.name)[1] AS word
SELECT
    r.tenant AS `{{tenant}}`,
    multiIf(
        word = 'bezgelor', 'game',
        word = 'webapp', 'webapp',
        word = 'user', 'user',
        word = 'metricsSnapshotRecorded' OR match(word, '^link[A-Z]'), 'links',
        word IN (
            'admin', 'apikey', 'auth', 'authz', 'email', 'http', 'identity', 'jwks', 'lua', 'oauth',
            'oidc', 'pipeline', 'qstash', 'rebac', 'redis', 'webhook'
        ), 'identity',
        'default'
    ) AS `{{source}}`,
    max(r.bucket) AS `{{newest}}`,
    greatest(0, dateDiff('second', max(r.bucket), $__toTime) - step) AS `{{silent for}}`
FROM rollups AS r
WHERE @inside AND NOT startsWith(r.name, 'millrace.')
GROUP BY r.tenant, `{{source}}`
ORDER BY `{{silent for}}` DESC, r.tenant, `{{source}}` LIMIT 100
