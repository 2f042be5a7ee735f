-- A source is what one tenant sends of one kind. Who sends in less than six hours of the day is not
-- late when nothing comes, and who sent nothing for a day is forgotten.
WITH splitByChar('.', name)[1] AS word
SELECT
    tenant,
    multiIf(
        word = 'bezgelor', 'game',
        word = 'webapp', 'webapp',
        word = 'metricsSnapshotRecorded' OR match(word, '^link[A-Z]'), 'links',
        word = 'user', 'user',
        word IN (
            'admin', 'apikey', 'auth', 'authz', 'email', 'http', 'identity', 'jwks', 'lua', 'oauth',
            'oidc', 'pipeline', 'qstash', 'rebac', 'redis', 'webhook'
        ), 'identity',
        'default'
    ) AS source,
    greatest(0, dateDiff('second', max(bucket) + INTERVAL 5 MINUTE, $__toTime)) AS Value
FROM rollup_5m
WHERE $__timeFilter(bucket) AND NOT startsWith(name, 'millrace.')
GROUP BY tenant, source
HAVING uniqExact(toStartOfHour(bucket)) >= 6
ORDER BY Value DESC, tenant, source LIMIT 100
