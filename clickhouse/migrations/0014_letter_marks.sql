-- What became of a dead letter afterwards, and the jobs that did it: a begun job that is not done is repeated.
CREATE TABLE letter_marks ${on_cluster}
(
    log LowCardinality(String),
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    mark Enum8('redriven' = 0, 'duplicate' = 1, 'refused' = 2, 'purged' = 3),
    job String,
    catalogue String,
    at DateTime64(3, 'UTC')
)
ENGINE = ${engine_prefix}MergeTree
ORDER BY (log, topic, partition, offset)
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;

-- The number is the token: of two jobs that were planned from the same state the store takes one.
CREATE TABLE letter_jobs ${on_cluster}
(
    number UInt64,
    job String,
    state Enum8('begun' = 0, 'done' = 1, 'abandoned' = 2, 'withdrawn' = 3),
    log String,
    topic String,
    partition UInt32,
    redriven Array(UInt64),
    duplicate Array(UInt64),
    refused Array(UInt64),
    purged Array(UInt64),
    catalogue String,
    block UInt64,
    at DateTime64(3, 'UTC')
)
ENGINE = ${engine_prefix}MergeTree
ORDER BY (number, state)
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
