-- Token by what was granted, the others by what came of it; the key set only counts.
WITH @grain
SELECT concat(endpoint, if(part = '', '', ': '), part) AS request, sum(counted) AS `{{Requests}}` FROM (
    SELECT
        transform(
            name,
            ['oidc.authorize.request.count', 'oidc.token.request.count', 'oidc.userinfo.request.count'],
            ['{{Authorize}}', '{{Token}}', '{{UserInfo}}'],
            '{{JWKS}}'
        ) AS endpoint,
        multiIf(
            name = 'oidc.jwks.request.count', '',
            name = 'oidc.token.request.count', r.tags['grant_type'],
            r.tags['result']
        ) AS part,
        indexOf([
            'oidc.authorize.request.count', 'oidc.token.request.count', 'oidc.userinfo.request.count',
            'oidc.jwks.request.count'
        ], name) AS place,
        r.sum AS counted
    FROM rollups AS r
    WHERE @chosen AND @counted
        AND name IN (
            'oidc.authorize.request.count', 'oidc.token.request.count', 'oidc.userinfo.request.count',
            'oidc.jwks.request.count'
        )
)
GROUP BY place, endpoint, part
ORDER BY place, part LIMIT 16
