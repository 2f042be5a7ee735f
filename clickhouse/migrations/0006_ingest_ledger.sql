-- What became of each range of the log: delivered = stored + rejected + duplicate, ranges contiguous.
-- Not partitioned: flushed_at differs in a repeat, and a token is only known within its partition.
CREATE TABLE ingest_ledger ${on_cluster}
(
    log LowCardinality(String),
    topic LowCardinality(String),
    partition UInt32,
    first_offset UInt64,
    end_offset UInt64,
    delivered UInt64,
    stored UInt64,
    rejected UInt64,
    duplicate UInt64,
    first_day Date,
    last_day Date,
    catalogue String,
    flushed_at DateTime64(3, 'UTC')
)
ENGINE = ${engine_prefix}MergeTree
ORDER BY (log, topic, partition, first_offset)
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
