-- Partitions that a worker has paused because too much of what comes is refused, and their release by hand.
CREATE TABLE ingest_pauses ${on_cluster}
(
    log LowCardinality(String),
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    state Enum8('paused' = 0, 'resumed' = 1),
    reason String,
    at DateTime64(3, 'UTC')
)
ENGINE = ${engine_prefix}MergeTree
ORDER BY (log, topic, partition, offset, at)
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
