-- One row a series and minute, kept by a view on the raw events; the coarser grains follow from it.
-- Columns merge: reading always means GROUP BY and sum, min, max or the -Merge of a state.
CREATE TABLE rollup_1m ${on_cluster}
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

-- An event counts once in `events`, on its first measurement (keys are sorted), so that
-- sum(events) is the number of events and sum(count) the number of values.
-- The sketch would truncate to 8 significant bits; half a step added first makes that rounding,
-- which halves its error (at most 0.39 %) and keeps whole numbers up to 256 exact.
CREATE MATERIALIZED VIEW rollup_1m_view ${on_cluster} TO rollup_1m AS
SELECT
    tenant,
    name,
    measurement,
    toStartOfMinute(occurred_at) AS bucket,
    tags,
    retention_class,
    countIf(number = 1) AS events,
    countIf(number = 1 AND actor = '') AS anonymous,
    count() AS count,
    sum(value) AS sum,
    min(value) AS min,
    max(value) AS max,
    argMaxState(value, (occurred_at, partition, offset)) AS last,
    quantilesBFloat16State(0.5, 0.9, 0.95, 0.99)(
        reinterpretAsFloat32(reinterpretAsUInt32(toFloat32(value)) + 0x8000)
    ) AS quantiles,
    uniqCombined64StateIf(actor, actor != '') AS actors
FROM events
ARRAY JOIN
    mapKeys(measurements) AS measurement,
    mapValues(measurements) AS value,
    arrayEnumerate(mapKeys(measurements)) AS number
GROUP BY tenant, name, measurement, bucket, tags, retention_class;
