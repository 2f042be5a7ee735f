-- The raw event as it left the sanitizer: one row an event, with its coordinate in the log.
-- One part holds one UTC day of one retention class, so that expiry drops whole parts and a day
-- can be rebuilt beside the live one and swapped.
CREATE TABLE events ${on_cluster}
(
    log LowCardinality(String),
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64 CODEC(Delta, LZ4),
    received_at DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    retention_class LowCardinality(String),
    schema_version UInt8,
    id UUID,
    tenant LowCardinality(String),
    name LowCardinality(String),
    kind Enum8('event' = 0, 'counter' = 1, 'gauge' = 2, 'histogram' = 3, 'summary' = 4),
    occurred_at DateTime64(6, 'UTC') CODEC(Delta, LZ4),
    measurements Map(LowCardinality(String), Float64),
    tags Map(LowCardinality(String), String),
    attributes Map(LowCardinality(String), String),
    unit LowCardinality(String),
    source String,
    entity String,
    actor String,
    aggregation LowCardinality(String),
    traceparent String,
    label LowCardinality(String),
    inserted_at DateTime('UTC') ALIAS toDateTime(received_at, 'UTC'),
    type LowCardinality(String) ALIAS if(startsWith(name, 'user.'), 'user', 'system'),
    service LowCardinality(String) MATERIALIZED if(startsWith(source, 'service:'), substring(source, 9), ''),
    route_id LowCardinality(String) MATERIALIZED tags['route_id'],
    result LowCardinality(String) MATERIALIZED if(mapContains(tags, 'result'), tags['result'], tags['status']),
    INDEX by_tag_value mapValues(tags) TYPE bloom_filter(0.025) GRANULARITY 4,
    INDEX by_name name TYPE minmax GRANULARITY 1,
    INDEX by_position (partition, offset) TYPE minmax GRANULARITY 1,
    INDEX by_received_at received_at TYPE minmax GRANULARITY 1
)
ENGINE = ${engine_prefix}MergeTree
PARTITION BY (toDate(occurred_at), retention_class)
ORDER BY (tenant, name, occurred_at)
SETTINGS
    ttl_only_drop_parts = 1,
    materialize_ttl_recalculate_only = 1,
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
