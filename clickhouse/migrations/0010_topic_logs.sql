-- The generation of each topic's log: a recreated topic starts again at offset 0 under a new one.
CREATE TABLE topic_logs ${on_cluster}
(
    topic String,
    log String,
    created_at DateTime64(3, 'UTC')
)
ENGINE = ${engine_prefix}MergeTree
ORDER BY (topic, created_at)
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
