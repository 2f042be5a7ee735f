-- Which values each tag has had, first come first served, and how often one came beyond the budget of its tag.
CREATE TABLE tag_values ${on_cluster}
(
    log LowCardinality(String),
    topic LowCardinality(String),
    partition UInt32,
    tenant LowCardinality(String),
    namespace LowCardinality(String),
    name LowCardinality(String),
    key LowCardinality(String),
    value String,
    offset UInt64
)
ENGINE = ${engine_prefix}MergeTree
ORDER BY (log, topic, partition, tenant, name, key, offset)
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;

CREATE TABLE tag_overflows ${on_cluster}
(
    log LowCardinality(String),
    topic LowCardinality(String),
    partition UInt32,
    bucket DateTime('UTC'),
    tenant LowCardinality(String),
    namespace LowCardinality(String),
    name LowCardinality(String),
    key String,
    overflowed UInt64,
    refused UInt64
)
ENGINE = ${engine_prefix}SummingMergeTree((overflowed, refused))
PARTITION BY toDate(bucket)
ORDER BY (log, topic, partition, tenant, namespace, name, key, bucket)
SETTINGS
    ttl_only_drop_parts = 1,
    materialize_ttl_recalculate_only = 1,
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
