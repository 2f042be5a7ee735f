-- Names marked `derived` in the catalogue, each answered by what it follows from and never by itself.
WITH @grain
SELECT part.1 AS `{{Metric}}`, part.2 AS `{{Follows From}}`, part.3 AS `{{In Period}}`, part.4 AS `{{P95}}` FROM (
    SELECT
        sumIf(r.sum, name = 'email.send.success' AND r.tags['type'] IN ('verification', 'email_verification')) AS verifications,
        sumIf(r.sum, name = 'email.send.success' AND r.tags['type'] = 'password_reset') AS resets,
        sumIf(r.count, name = 'identity.decision.audited' AND measurement = 'execution_time_ms' AND r.tags['relation'] != '') AS relations,
        sumIf(r.sum, name = 'webhook.emit.count') AS published,
        sumIf(r.sum, name = 'jwks.rotate.triggered.count') - sumIf(r.sum, name = 'jwks.rotation.success') AS unrotated,
        sumIf(r.sum, startsWith(name, 'oidc.') AND endsWith(name, '.request.count')) AS requests,
        countIf(endsWith(name, '.latency_ms')) AS timed,
        quantilesBFloat16MergeIf(0.5, 0.9, 0.95, 0.99)(r.quantiles, endsWith(name, '.latency_ms')) AS latency,
        arrayJoin([
            ('auth.email_verification.sent.count', 'email.send.success, type verification', verifications, NULL),
            ('auth.password_reset.sent.count', 'email.send.success, type password_reset', resets, NULL),
            ('http.request.count', 'oidc.*.request.count', requests, NULL),
            ('http.request.duration_ms', 'oidc.*.latency_ms', NULL, if(timed = 0, NULL, latency[3])),
            ('jwks.rotation.error', 'jwks.rotate.triggered.count - jwks.rotation.success', greatest(0, unrotated), NULL),
            ('qstash.publish.count', 'webhook.emit.count', published, NULL),
            ('rebac.query.count', 'identity.decision.audited with a relation', toFloat64(relations), NULL)
        ]) AS part
    FROM rollups AS r
    WHERE @chosen
        AND name IN (
            'email.send.success', 'identity.decision.audited', 'webhook.emit.count', 'jwks.rotate.triggered.count',
            'jwks.rotation.success', 'oidc.authorize.request.count', 'oidc.token.request.count',
            'oidc.userinfo.request.count', 'oidc.jwks.request.count', 'oidc.authorize.latency_ms', 'oidc.token.latency_ms'
        )
)
LIMIT 7
