-- What became of each thing that events speak of, kept for ever: a row a thing and event name, whatever it means.
-- Nothing here knows a name, so a new event, or another reading of an old one, changes no view.
CREATE TABLE lifecycles ${on_cluster}
(
    tenant LowCardinality(String),
    entity_type LowCardinality(String),
    entity String,
    name LowCardinality(String),
    first_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last SimpleAggregateFunction(max, UInt256),
    events SimpleAggregateFunction(sum, UInt64),
    details AggregateFunction(argMax, String, UInt256)
)
ENGINE = ${engine_prefix}AggregatingMergeTree
ORDER BY (tenant, entity_type, entity, name)
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;

-- The position in time, (occurred_at, partition, offset), is one number and what the event said is one text: tuples
-- and maps in their place made a row with an entity four times as dear.
-- Measurements (counters, gauges and the like) say how much, not what happened, and are many.
CREATE MATERIALIZED VIEW lifecycles_view ${on_cluster} TO lifecycles AS
SELECT
    tenant,
    substringIndex(entity, ':', 1) AS entity_type,
    entity,
    name,
    min(occurred_at) AS first_at,
    max(bitOr(
        bitShiftLeft(toUInt256(toUnixTimestamp64Micro(occurred_at)), 96),
        bitOr(bitShiftLeft(toUInt256(partition), 64), toUInt256(offset))
    ) AS position) AS last,
    count() AS events,
    argMaxState(toJSONString(CAST(
        (tags, attributes, actor),
        'Tuple(tags Map(String, String), attributes Map(String, String), actor String)'
    )), position) AS details
FROM events
WHERE entity != '' AND kind = 'event'
GROUP BY tenant, entity_type, entity, name;

-- No worker writes while a view is made, so what is stored already comes in once.
INSERT INTO lifecycles
SELECT
    tenant,
    substringIndex(entity, ':', 1) AS entity_type,
    entity,
    name,
    min(occurred_at) AS first_at,
    max(bitOr(
        bitShiftLeft(toUInt256(toUnixTimestamp64Micro(occurred_at)), 96),
        bitOr(bitShiftLeft(toUInt256(partition), 64), toUInt256(offset))
    ) AS position) AS last,
    count() AS events,
    argMaxState(toJSONString(CAST(
        (tags, attributes, actor),
        'Tuple(tags Map(String, String), attributes Map(String, String), actor String)'
    )), position) AS details
FROM events
WHERE entity != '' AND kind = 'event'
GROUP BY tenant, entity_type, entity, name;
