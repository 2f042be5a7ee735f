-- What was known by the end of the range, in the state that it is in.
SELECT thing AS `{{Thing}}`, state AS `{{State}}`, if(registration = '', '–', registration) AS `{{Registration}}`, count() AS `{{How Many}}` FROM (
    SELECT '{{User}}' AS thing, state AS state, '' AS registration, ifNull(created_at, changed_at) AS since FROM users
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    UNION ALL
    SELECT '{{Session}}' AS thing, multiIf(ended_at <= $__toTime, 'ended', expires_at <= $__toTime, 'expired', 'active') AS state, '' AS registration, started_at AS since FROM sessions
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    UNION ALL
    SELECT '{{OAuth client}}' AS thing, state AS state, registration AS registration, ifNull(registered_at, changed_at) AS since FROM oauth_clients
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    UNION ALL
    SELECT '{{Signing key}}' AS thing, state AS state, '' AS registration, ifNull(created_at, activated_at) AS since FROM signing_keys
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    UNION ALL
    SELECT '{{API key}}' AS thing, state AS state, '' AS registration, issued_at AS since FROM api_keys
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    UNION ALL
    SELECT '{{Webhook}}' AS thing, state AS state, '' AS registration, ifNull(registered_at, changed_at) AS since FROM webhooks
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    UNION ALL
    SELECT '{{Webhook event}}' AS thing, 'emitted' AS state, '' AS registration, emitted_at AS since FROM webhook_events
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    UNION ALL
    SELECT '{{Delivery}}' AS thing, state AS state, '' AS registration, first_started_at AS since FROM deliveries
    WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
)
WHERE since <= $__toTime
GROUP BY thing, state, registration
ORDER BY thing, state, registration LIMIT 100
