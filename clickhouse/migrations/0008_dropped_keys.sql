-- How often a key was dropped by the allow-lists: key names and counts, never values.
CREATE TABLE dropped_keys ${on_cluster}
(
    log LowCardinality(String),
    topic LowCardinality(String),
    partition UInt32,
    bucket DateTime('UTC'),
    tenant LowCardinality(String),
    namespace LowCardinality(String),
    name LowCardinality(String),
    key String,
    dropped UInt64
)
ENGINE = ${engine_prefix}SummingMergeTree(dropped)
PARTITION BY toDate(bucket)
ORDER BY (log, topic, partition, tenant, namespace, name, key, bucket)
SETTINGS
    ttl_only_drop_parts = 1,
    materialize_ttl_recalculate_only = 1,
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
