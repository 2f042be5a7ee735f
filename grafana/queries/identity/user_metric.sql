-- The kind that a producer stored decides: a gauge shows what each series last said, a counter its sums.
-- Raw events know the kind; where they are gone, a counter is what counted.
WITH @grain,
metric AS (
    SELECT name
    FROM rollups AS r
    WHERE @chosen AND startsWith(name, 'user.') AND @counted
        AND $__conditionalAll(name IN (${user_metric:singlequote}), $user_metric)
    GROUP BY name ORDER BY name LIMIT 1
),
(
    SELECT if(count() = 0, '', toString(argMax(kind, occurred_at)))
    FROM events
    WHERE name IN metric AND occurred_at <= $__toTime
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
) AS kind,
busiest AS (
    SELECT r.tenant AS tenant, r.tags AS tags
    FROM rollups AS r
    WHERE @chosen AND @counted AND name IN metric
    GROUP BY tenant, tags ORDER BY sum(r.count) DESC, toString(tags) LIMIT 10
)
SELECT time, series, if(series_gauge, Value, ifNull(Value, 0)) AS Value FROM (
    SELECT
        @slot AS time,
        kind = 'gauge' OR (kind = '' AND measurement = 'value') AS series_gauge,
        if(series_gauge, concat(name, ' ', arrayStringConcat(arrayConcat([r.tenant], mapValues(r.tags)), ' ')), name) AS series,
        toNullable(if(series_gauge, argMaxMerge(r.last), sum(r.sum))) AS Value
    FROM rollups AS r
    WHERE @chosen AND @counted AND name IN metric
        AND (NOT series_gauge OR (r.tenant, r.tags) IN busiest)
    GROUP BY time, series_gauge, series
    ORDER BY series_gauge, series, time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE series != '' AND @whole
ORDER BY time, series
