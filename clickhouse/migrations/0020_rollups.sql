-- All grains in one place: a dashboard names the grain that its range calls for (`WHERE grain = ...`)
-- and the server reads only that table, since the other branches are false before a part is opened.
CREATE VIEW rollups ${on_cluster} AS
SELECT '1m' AS grain, tenant, name, measurement, bucket, tags, retention_class,
    events, anonymous, count, sum, min, max, last, quantiles, actors
FROM rollup_1m
UNION ALL
SELECT '5m' AS grain, tenant, name, measurement, bucket, tags, retention_class,
    events, anonymous, count, sum, min, max, last, quantiles, actors
FROM rollup_5m
UNION ALL
SELECT '1h' AS grain, tenant, name, measurement, bucket, tags, retention_class,
    events, anonymous, count, sum, min, max, last, quantiles, actors
FROM rollup_1h
UNION ALL
SELECT '1d' AS grain, tenant, name, measurement, bucket, tags, retention_class,
    events, anonymous, count, sum, min, max, last, quantiles, actors
FROM rollup_1d;
