-- Each catalogue that an intent ever named, so that a repeat decides as the first attempt did.
CREATE TABLE catalogues ${on_cluster}
(
    fingerprint String,
    contents String CODEC(ZSTD(3)),
    created_at DateTime64(3, 'UTC')
)
ENGINE = ${engine_prefix}ReplacingMergeTree(created_at)
ORDER BY fingerprint
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;
