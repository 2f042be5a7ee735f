-- Events that can never be stored, without any value that was not allowed in.
CREATE TABLE dead_letters ${on_cluster}
(
    log LowCardinality(String),
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    received_at DateTime64(3, 'UTC'),
    tenant String,
    namespace LowCardinality(String),
    name String,
    reason LowCardinality(String),
    field String,
    message String,
    payload String CODEC(ZSTD(1)),
    size UInt32
)
ENGINE = ${engine_prefix}MergeTree
PARTITION BY toDate(received_at)
ORDER BY (log, topic, partition, offset)
SETTINGS
    ttl_only_drop_parts = 1,
    materialize_ttl_recalculate_only = 1,
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
