-- What names mean: plain views over lifecycles, which may change at any time since no insert passes through them.
-- A thing's events by name: `at` is the position of the last of each (microseconds << 96, partition << 64, offset),
-- `details` what it said.
CREATE VIEW entities ${on_cluster} AS
SELECT
    tenant,
    entity_type,
    entity,
    min(one.first_at) AS first_at,
    fromUnixTimestamp64Micro(toInt64(bitShiftRight(max(one.last), 96)), 'UTC') AS changed_at,
    argMax(one.name, one.last) AS last_name,
    sum(one.events) AS events,
    mapFromArrays(groupArray(one.name), groupArray(one.last)) AS at,
    mapFromArrays(groupArray(one.name), groupArray(one.details)) AS details
FROM
(
    SELECT
        tenant,
        entity_type,
        entity,
        toString(part.name) AS name,
        CAST(min(part.first_at), 'DateTime64(6, \'UTC\')') AS first_at,
        toUInt256(max(part.last)) AS last,
        toUInt64(sum(part.events)) AS events,
        JSONExtract(
            argMaxMerge(part.details),
            'Tuple(tags Map(String, String), attributes Map(String, String), actor String)'
        ) AS details
    FROM lifecycles AS part
    GROUP BY tenant, entity_type, entity, part.name
) AS one
GROUP BY tenant, entity_type, entity;

-- From here on a name that never came has position 0, so `a > b` is: a came, and b not after it.
-- Times are those that the producer names, in Unix milliseconds, else the event's own.
CREATE VIEW links ${on_cluster} AS
SELECT
    tenant,
    link,
    substring(link, 6) AS link_id,
    saved,
    deleted,
    completed,
    processing,
    created_at,
    started_at,
    completed_at,
    failed_at,
    if(processing = 'completed', dateDiff('millisecond', started_at, completed_at), NULL) AS processing_ms,
    JSONExtractString(failure, 'attributes', 'error') AS error,
    JSONExtractString(creation, 'attributes', 'url') AS url,
    JSONExtractString(creation, 'attributes', 'domain') AS domain,
    JSONExtractString(metadata, 'attributes', 'title') AS title,
    JSONExtractString(metadata, 'attributes', 'favicon') AS favicon,
    if(removed = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(removed, 96)), 'UTC')) AS deleted_at,
    if(restored = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(restored, 96)), 'UTC')) AS restored_at,
    if(done = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(done, 96)), 'UTC')) AS marked_at,
    if(undone = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(undone, 96)), 'UTC')) AS unmarked_at
FROM
(
    SELECT
        *,
        created > 0 AS saved,
        removed > restored AS deleted,
        done > undone AS completed,
        multiIf(
            succeeded > begun AND succeeded > failed, 'completed',
            failed > begun, 'failed',
            begun > 0, 'pending',
            ''
        ) AS processing,
        toInt64OrZero(JSONExtractString(creation, 'attributes', 'createdAt')) AS created_ms,
        if(created = 0, NULL, fromUnixTimestamp64Milli(if(
            created_ms BETWEEN 100000000000 AND 9999999999999,
            created_ms,
            toInt64(intDiv(bitShiftRight(created, 96), 1000))
        ), 'UTC')) AS created_at,
        toInt64OrZero(JSONExtractString(start, 'attributes', 'startedAt')) AS begun_ms,
        if(begun = 0, NULL, fromUnixTimestamp64Milli(if(
            begun_ms BETWEEN 100000000000 AND 9999999999999,
            begun_ms,
            toInt64(intDiv(bitShiftRight(begun, 96), 1000))
        ), 'UTC')) AS started_at,
        toInt64OrZero(JSONExtractString(success, 'attributes', 'completedAt')) AS succeeded_ms,
        if(succeeded = 0, NULL, fromUnixTimestamp64Milli(if(
            succeeded_ms BETWEEN 100000000000 AND 9999999999999,
            succeeded_ms,
            toInt64(intDiv(bitShiftRight(succeeded, 96), 1000))
        ), 'UTC')) AS completed_at,
        toInt64OrZero(JSONExtractString(failure, 'attributes', 'failedAt')) AS failed_ms,
        if(failed = 0, NULL, fromUnixTimestamp64Milli(if(
            failed_ms BETWEEN 100000000000 AND 9999999999999,
            failed_ms,
            toInt64(intDiv(bitShiftRight(failed, 96), 1000))
        ), 'UTC')) AS failed_at
    FROM
    (
        SELECT
            tenant,
            entity AS link,
            maxIf(last, name = 'linkCreated') AS created,
            maxIf(last, name = 'linkDeleted') AS removed,
            maxIf(last, name = 'linkRestored') AS restored,
            maxIf(last, name = 'linkCompleted') AS done,
            maxIf(last, name = 'linkUncompleted') AS undone,
            maxIf(last, name = 'linkProcessingStarted') AS begun,
            maxIf(last, name = 'linkProcessingCompleted') AS succeeded,
            maxIf(last, name = 'linkProcessingFailed') AS failed,
            argMaxMergeIf(details, name = 'linkCreated') AS creation,
            argMaxMergeIf(details, name = 'linkProcessingStarted') AS start,
            argMaxMergeIf(details, name = 'linkProcessingCompleted') AS success,
            argMaxMergeIf(details, name = 'linkProcessingFailed') AS failure,
            argMaxMergeIf(details, name = 'linkMetadataFetched') AS metadata
        FROM lifecycles
        WHERE entity_type = 'link' AND startsWith(name, 'link')
        GROUP BY tenant, link
    )
);

-- Processing is counted whether or not the link was deleted since; zero stands for nothing yet.
CREATE VIEW link_totals ${on_cluster} AS
SELECT
    tenant,
    countIf(saved AND NOT deleted) AS total_links,
    countIf(saved AND NOT deleted AND completed) AS completed_links,
    countIf(saved AND deleted) AS deleted_links,
    countIf(processing = 'pending') AS pending_processing,
    countIf(processing = 'failed') AS failed_processing,
    countIf(started_at IS NOT NULL) AS processed,
    countIf(started_at IS NOT NULL AND processing = 'completed') AS processed_completed,
    countIf(started_at IS NOT NULL AND processing = 'failed') AS processed_failed,
    ifNotFinite(processed_completed / processed * 100, 0) AS success_rate,
    ifNotFinite(processed_completed / (processed_completed + processed_failed) * 100, 0) AS settled_rate,
    toInt64(round(ifNull(avg(processing_ms), 0))) AS avg_ms,
    ifNull(quantileExactInclusive(0.95)(processing_ms), 0) AS p95_ms
FROM links
GROUP BY tenant;

-- The identity platform's things; those of persons stand under their pseudonym. An expiry needs no event.
CREATE VIEW users ${on_cluster} AS
SELECT
    tenant,
    user,
    multiIf(removed > restored, 'deleted', proven > doubted, 'verified', 'unverified') AS state,
    if(created = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(created, 96)), 'UTC')) AS created_at,
    if(proven = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(proven, 96)), 'UTC')) AS verified_at,
    if(removed = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(removed, 96)), 'UTC')) AS deleted_at,
    fromUnixTimestamp64Micro(toInt64(bitShiftRight(changed, 96)), 'UTC') AS changed_at,
    JSONExtractString(creation, 'tags', 'method') AS method
FROM
(
    SELECT
        tenant,
        entity AS user,
        max(last) AS changed,
        maxIf(last, name = 'identity.user.created') AS created,
        maxIf(last, name = 'identity.user.verified') AS proven,
        maxIf(last, name = 'identity.user.unverified') AS doubted,
        maxIf(last, name = 'identity.user.deleted') AS removed,
        maxIf(last, name = 'identity.user.restored') AS restored,
        argMaxMergeIf(details, name = 'identity.user.created') AS creation
    FROM lifecycles
    WHERE entity_type = 'user' AND startsWith(name, 'identity.user.')
    GROUP BY tenant, user
);

CREATE VIEW sessions ${on_cluster} AS
SELECT
    tenant,
    session,
    JSONExtractString(start, 'actor') AS user,
    JSONExtractString(start, 'tags', 'provider') AS provider,
    JSONExtractString(start, 'tags', 'method') AS method,
    JSONExtractString(start, 'attributes', 'client') AS client,
    multiIf(ended > started, 'ended', expires_at <= now64(3, 'UTC'), 'expired', 'active') AS state,
    if(started = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(started, 96)), 'UTC')) AS started_at,
    if(renewed = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(renewed, 96)), 'UTC')) AS renewed_at,
    if(ended > started, fromUnixTimestamp64Micro(toInt64(bitShiftRight(ended, 96)), 'UTC'), NULL) AS ended_at,
    if(expiry = 0, NULL, fromUnixTimestamp64Milli(expiry, 'UTC')) AS expires_at,
    if(ended > started, JSONExtractString(end, 'tags', 'reason'), '') AS end_reason
FROM
(
    SELECT
        *,
        arrayFirst(
            moment -> moment BETWEEN 100000000000 AND 9999999999999,
            arrayMap(
                said -> toInt64OrZero(JSONExtractString(said, 'attributes', 'expires_at')),
                if(renewed > started, [renewal, start], [start])
            )
        ) AS expiry
    FROM
    (
        SELECT
            tenant,
            entity AS session,
            maxIf(last, name = 'identity.session.started') AS started,
            maxIf(last, name = 'identity.session.renewed') AS renewed,
            maxIf(last, name = 'identity.session.ended') AS ended,
            argMaxMergeIf(details, name = 'identity.session.started') AS start,
            argMaxMergeIf(details, name = 'identity.session.renewed') AS renewal,
            argMaxMergeIf(details, name = 'identity.session.ended') AS end
        FROM lifecycles
        WHERE entity_type = 'session' AND startsWith(name, 'identity.session.')
        GROUP BY tenant, session
    )
);

CREATE VIEW oauth_clients ${on_cluster} AS
SELECT
    tenant,
    client,
    multiIf(removed > restored, 'deleted', disabled > enabled, 'disabled', 'active') AS state,
    JSONExtractString(registration_event, 'tags', 'registration') AS registration,
    JSONExtractString(registration_event, 'tags', 'client_type') AS client_type,
    if(registered = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(registered, 96)), 'UTC')) AS registered_at,
    fromUnixTimestamp64Micro(toInt64(bitShiftRight(changed, 96)), 'UTC') AS changed_at
FROM
(
    SELECT
        tenant,
        entity AS client,
        max(last) AS changed,
        maxIf(last, name = 'identity.client.registered') AS registered,
        maxIf(last, name = 'identity.client.disabled') AS disabled,
        maxIf(last, name = 'identity.client.enabled') AS enabled,
        maxIf(last, name = 'identity.client.deleted') AS removed,
        maxIf(last, name = 'identity.client.restored') AS restored,
        argMaxMergeIf(details, name = 'identity.client.registered') AS registration_event
    FROM lifecycles
    WHERE entity_type = 'client' AND startsWith(name, 'identity.client.')
    GROUP BY tenant, client
);

-- A rotation activates one key and retires the other; the age of a key counts from its activation.
CREATE VIEW signing_keys ${on_cluster} AS
SELECT
    tenant,
    key,
    multiIf(
        pruned > greatest(created, activated), 'pruned',
        retired > activated, 'retired',
        activated > 0, 'active',
        'waiting'
    ) AS state,
    JSONExtractString(creation, 'tags', 'algorithm') AS algorithm,
    if(created = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(created, 96)), 'UTC')) AS created_at,
    if(activated = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(activated, 96)), 'UTC')) AS activated_at,
    if(retired = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(retired, 96)), 'UTC')) AS retired_at,
    if(pruned = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(pruned, 96)), 'UTC')) AS pruned_at,
    JSONExtractString(retirement, 'tags', 'reason') AS retire_reason
FROM
(
    SELECT
        tenant,
        entity AS key,
        maxIf(last, name = 'identity.key.created') AS created,
        maxIf(last, name = 'identity.key.activated') AS activated,
        maxIf(last, name = 'identity.key.retired') AS retired,
        maxIf(last, name = 'identity.key.pruned') AS pruned,
        argMaxMergeIf(details, name = 'identity.key.created') AS creation,
        argMaxMergeIf(details, name = 'identity.key.retired') AS retirement
    FROM lifecycles
    WHERE entity_type = 'key' AND startsWith(name, 'identity.key.')
    GROUP BY tenant, key
);

CREATE VIEW api_keys ${on_cluster} AS
SELECT
    tenant,
    apikey,
    multiIf(revoked > issued, 'revoked', expires_at <= now64(3, 'UTC'), 'expired', 'active') AS state,
    JSONExtractString(issue, 'tags', 'key_group') AS key_group,
    JSONExtractString(issue, 'actor') AS user,
    if(issued = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(issued, 96)), 'UTC')) AS issued_at,
    if(revoked > issued, fromUnixTimestamp64Micro(toInt64(bitShiftRight(revoked, 96)), 'UTC'), NULL) AS revoked_at,
    if(
        expiry BETWEEN 100000000000 AND 9999999999999, fromUnixTimestamp64Milli(expiry, 'UTC'), NULL
    ) AS expires_at,
    if(revoked > issued, JSONExtractString(revocation, 'tags', 'reason'), '') AS revoke_reason
FROM
(
    SELECT
        tenant,
        entity AS apikey,
        maxIf(last, name = 'identity.apikey.issued') AS issued,
        maxIf(last, name = 'identity.apikey.revoked') AS revoked,
        argMaxMergeIf(details, name = 'identity.apikey.issued') AS issue,
        argMaxMergeIf(details, name = 'identity.apikey.revoked') AS revocation,
        toInt64OrZero(JSONExtractString(issue, 'attributes', 'expires_at')) AS expiry
    FROM lifecycles
    WHERE entity_type = 'apikey' AND startsWith(name, 'identity.apikey.')
    GROUP BY tenant, apikey
);

CREATE VIEW webhooks ${on_cluster} AS
SELECT
    tenant,
    webhook,
    multiIf(removed > restored, 'deleted', disabled > enabled, 'disabled', 'active') AS state,
    if(registered = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(registered, 96)), 'UTC')) AS registered_at,
    fromUnixTimestamp64Micro(toInt64(bitShiftRight(changed, 96)), 'UTC') AS changed_at,
    if(disabled > enabled, JSONExtractString(stop, 'tags', 'reason'), '') AS disable_reason
FROM
(
    SELECT
        tenant,
        entity AS webhook,
        max(last) AS changed,
        maxIf(last, name = 'identity.webhook.registered') AS registered,
        maxIf(last, name = 'identity.webhook.disabled') AS disabled,
        maxIf(last, name = 'identity.webhook.enabled') AS enabled,
        maxIf(last, name = 'identity.webhook.deleted') AS removed,
        maxIf(last, name = 'identity.webhook.restored') AS restored,
        argMaxMergeIf(details, name = 'identity.webhook.disabled') AS stop
    FROM lifecycles
    WHERE entity_type = 'webhook' AND startsWith(name, 'identity.webhook.')
    GROUP BY tenant, webhook
);

CREATE VIEW webhook_events ${on_cluster} AS
SELECT
    tenant,
    entity AS webhook_event,
    JSONExtractString(argMaxMerge(details), 'tags', 'event_type') AS event_type,
    fromUnixTimestamp64Micro(toInt64(bitShiftRight(max(last), 96)), 'UTC') AS emitted_at
FROM lifecycles
WHERE entity_type = 'webhook_event' AND name = 'identity.webhook_event.emitted'
GROUP BY tenant, webhook_event;

CREATE VIEW deliveries ${on_cluster} AS
SELECT
    tenant,
    delivery,
    multiIf(
        succeeded > started AND succeeded > failed, 'succeeded',
        failed > started, 'failed',
        'pending'
    ) AS state,
    JSONExtractString(start, 'tags', 'event_type') AS event_type,
    JSONExtractString(start, 'attributes', 'webhook') AS webhook,
    JSONExtractString(start, 'attributes', 'webhook_event') AS webhook_event,
    multiIf(
        state = 'succeeded', JSONExtractString(success, 'tags', 'response_code'),
        state = 'failed', JSONExtractString(failure, 'tags', 'response_code'),
        ''
    ) AS response_code,
    attempts,
    if(attempts = 0, NULL, first_at) AS first_started_at,
    if(started = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(started, 96)), 'UTC')) AS started_at,
    if(succeeded = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(succeeded, 96)), 'UTC')) AS succeeded_at,
    if(failed = 0, NULL, fromUnixTimestamp64Micro(toInt64(bitShiftRight(failed, 96)), 'UTC')) AS failed_at
FROM
(
    SELECT
        tenant,
        entity AS delivery,
        maxIf(last, name = 'identity.delivery.started') AS started,
        maxIf(last, name = 'identity.delivery.succeeded') AS succeeded,
        maxIf(last, name = 'identity.delivery.failed') AS failed,
        toUInt64(sumIf(events, name = 'identity.delivery.started')) AS attempts,
        CAST(minIf(lifecycles.first_at, name = 'identity.delivery.started'), 'DateTime64(6, \'UTC\')') AS first_at,
        argMaxMergeIf(details, name = 'identity.delivery.started') AS start,
        argMaxMergeIf(details, name = 'identity.delivery.succeeded') AS success,
        argMaxMergeIf(details, name = 'identity.delivery.failed') AS failure
    FROM lifecycles
    WHERE entity_type = 'delivery' AND startsWith(name, 'identity.delivery.')
    GROUP BY tenant, delivery
);

-- How many of each there are, by state; what a state has none of is no row.
CREATE VIEW identity_totals ${on_cluster} AS
SELECT tenant, 'user' AS entity_type, state, '' AS registration, count() AS entities
FROM users GROUP BY tenant, state
UNION ALL
SELECT tenant, 'session', state, '', count() FROM sessions GROUP BY tenant, state
UNION ALL
SELECT tenant, 'client', state, registration, count() FROM oauth_clients GROUP BY tenant, state, registration
UNION ALL
SELECT tenant, 'key', state, '', count() FROM signing_keys GROUP BY tenant, state
UNION ALL
SELECT tenant, 'apikey', state, '', count() FROM api_keys GROUP BY tenant, state
UNION ALL
SELECT tenant, 'webhook', state, '', count() FROM webhooks GROUP BY tenant, state
UNION ALL
SELECT tenant, 'webhook_event', 'emitted', '', count() FROM webhook_events GROUP BY tenant
UNION ALL
SELECT tenant, 'delivery', state, '', count() FROM deliveries GROUP BY tenant, state;
