-- The grain 5m, merged from 1m: the same columns, so every grain answers the same questions.
CREATE TABLE rollup_5m ${on_cluster}
(
    tenant LowCardinality(String),
    name LowCardinality(String),
    measurement LowCardinality(String),
    bucket DateTime('UTC') CODEC(Delta, LZ4),
    tags Map(LowCardinality(String), String),
    retention_class LowCardinality(String),
    events SimpleAggregateFunction(sum, UInt64),
    anonymous SimpleAggregateFunction(sum, UInt64),
    count SimpleAggregateFunction(sum, UInt64),
    sum SimpleAggregateFunction(sum, Float64),
    min SimpleAggregateFunction(min, Float64),
    max SimpleAggregateFunction(max, Float64),
    last AggregateFunction(argMax, Float64, Tuple(DateTime64(6, 'UTC'), UInt32, UInt64)),
    quantiles AggregateFunction(quantilesBFloat16(0.5, 0.9, 0.95, 0.99), Float32),
    actors AggregateFunction(uniqCombined64, String),
    INDEX by_name name TYPE minmax GRANULARITY 1,
    INDEX by_tag_value mapValues(tags) TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ${engine_prefix}AggregatingMergeTree
PARTITION BY (toDate(bucket), retention_class)
ORDER BY (tenant, name, measurement, bucket, tags)
SETTINGS
    ttl_only_drop_parts = 1,
    materialize_ttl_recalculate_only = 1,
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400;

CREATE MATERIALIZED VIEW rollup_5m_view ${on_cluster} TO rollup_5m AS
SELECT
    finer.tenant AS tenant,
    finer.name AS name,
    finer.measurement AS measurement,
    toStartOfFiveMinutes(finer.bucket) AS bucket,
    finer.tags AS tags,
    finer.retention_class AS retention_class,
    sum(finer.events) AS events,
    sum(finer.anonymous) AS anonymous,
    sum(finer.count) AS count,
    sum(finer.sum) AS sum,
    min(finer.min) AS min,
    max(finer.max) AS max,
    argMaxMergeState(finer.last) AS last,
    quantilesBFloat16MergeState(0.5, 0.9, 0.95, 0.99)(finer.quantiles) AS quantiles,
    uniqCombined64MergeState(finer.actors) AS actors
FROM rollup_1m AS finer
GROUP BY tenant, name, measurement, bucket, tags, retention_class;
