-- What a person or a chart reads: one finished row a bucket, whatever has been merged yet.
CREATE VIEW buckets_1m ${on_cluster} AS
SELECT
    part.tenant AS tenant,
    part.name AS name,
    part.measurement AS measurement,
    part.bucket AS period_start,
    part.bucket + INTERVAL 1 MINUTE AS period_end,
    part.tags AS tags,
    arrayStringConcat(
        arrayMap((key, value) -> concat(key, ':', value), mapKeys(tags), mapValues(tags)), ','
    ) AS combination,
    sum(part.events) AS events,
    sum(part.anonymous) AS anonymous,
    sum(part.count) AS count,
    sum(part.sum) AS sum,
    min(part.min) AS min,
    max(part.max) AS max,
    sum / count AS avg,
    argMaxMerge(part.last) AS last,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(part.quantiles) AS percentiles,
    percentiles[1] AS p50,
    percentiles[2] AS p90,
    percentiles[3] AS p95,
    percentiles[4] AS p99,
    uniqCombined64Merge(part.actors) AS distinct_actors
FROM rollup_1m AS part
GROUP BY tenant, name, measurement, period_start, tags;

CREATE VIEW buckets_5m ${on_cluster} AS
SELECT
    part.tenant AS tenant,
    part.name AS name,
    part.measurement AS measurement,
    part.bucket AS period_start,
    part.bucket + INTERVAL 5 MINUTE AS period_end,
    part.tags AS tags,
    arrayStringConcat(
        arrayMap((key, value) -> concat(key, ':', value), mapKeys(tags), mapValues(tags)), ','
    ) AS combination,
    sum(part.events) AS events,
    sum(part.anonymous) AS anonymous,
    sum(part.count) AS count,
    sum(part.sum) AS sum,
    min(part.min) AS min,
    max(part.max) AS max,
    sum / count AS avg,
    argMaxMerge(part.last) AS last,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(part.quantiles) AS percentiles,
    percentiles[1] AS p50,
    percentiles[2] AS p90,
    percentiles[3] AS p95,
    percentiles[4] AS p99,
    uniqCombined64Merge(part.actors) AS distinct_actors
FROM rollup_5m AS part
GROUP BY tenant, name, measurement, period_start, tags;

CREATE VIEW buckets_1h ${on_cluster} AS
SELECT
    part.tenant AS tenant,
    part.name AS name,
    part.measurement AS measurement,
    part.bucket AS period_start,
    part.bucket + INTERVAL 1 HOUR AS period_end,
    part.tags AS tags,
    arrayStringConcat(
        arrayMap((key, value) -> concat(key, ':', value), mapKeys(tags), mapValues(tags)), ','
    ) AS combination,
    sum(part.events) AS events,
    sum(part.anonymous) AS anonymous,
    sum(part.count) AS count,
    sum(part.sum) AS sum,
    min(part.min) AS min,
    max(part.max) AS max,
    sum / count AS avg,
    argMaxMerge(part.last) AS last,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(part.quantiles) AS percentiles,
    percentiles[1] AS p50,
    percentiles[2] AS p90,
    percentiles[3] AS p95,
    percentiles[4] AS p99,
    uniqCombined64Merge(part.actors) AS distinct_actors
FROM rollup_1h AS part
GROUP BY tenant, name, measurement, period_start, tags;

CREATE VIEW buckets_1d ${on_cluster} AS
SELECT
    part.tenant AS tenant,
    part.name AS name,
    part.measurement AS measurement,
    part.bucket AS period_start,
    part.bucket + INTERVAL 1 DAY AS period_end,
    part.tags AS tags,
    arrayStringConcat(
        arrayMap((key, value) -> concat(key, ':', value), mapKeys(tags), mapValues(tags)), ','
    ) AS combination,
    sum(part.events) AS events,
    sum(part.anonymous) AS anonymous,
    sum(part.count) AS count,
    sum(part.sum) AS sum,
    min(part.min) AS min,
    max(part.max) AS max,
    sum / count AS avg,
    argMaxMerge(part.last) AS last,
    quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(part.quantiles) AS percentiles,
    percentiles[1] AS p50,
    percentiles[2] AS p90,
    percentiles[3] AS p95,
    percentiles[4] AS p99,
    uniqCombined64Merge(part.actors) AS distinct_actors
FROM rollup_1d AS part
GROUP BY tenant, name, measurement, period_start, tags;
