-- Ten groups, those with most of what is drawn; the rest together where values can be added.
-- A gauge is added up over its series, each with its newest sample, and never over time.
WITH
    @grain,
    @metric,
    @unit,
    wanted IN ('sum', 'count', 'rate') AS additive,
    wanted IN ('count', 'rate') OR (wanted = 'sum' AND summable) AS flow
SELECT
    time,
    if(${group_by:singlequote} = '-' AND unit_word != '', concat(series, ', ', unit_word), series) AS name,
    if(flow, ifNull(amount, 0), amount) AS Value
FROM
(
    SELECT time, if(place <= 10, key, '{{other}}') AS series, toNullable(sum(part)) AS amount
    FROM
    (
        SELECT time, key, part, dense_rank() OVER (ORDER BY weight DESC, key) AS place
        FROM
        (
            SELECT
                time,
                key,
                part,
                sum(abs(part)) OVER (PARTITION BY key) / if(additive, 1, count() OVER (PARTITION BY key)) AS weight
            FROM
            (
                SELECT
                    r.bucket AS time,
                    r.key AS key,
                    if(wanted = 'sum' AND NOT summable, sum(r.newest), @value / if(wanted = 'rate', step, 1)) AS part
                FROM
                (
                    SELECT
                        r.bucket AS bucket,
                        @group AS key,
                        sum(r.count) AS count,
                        sum(r.sum) AS sum,
                        min(r.min) AS min,
                        max(r.max) AS max,
                        argMaxMerge(r.last) AS newest,
                        argMaxMergeState(r.last) AS last,
                        quantilesBFloat16MergeState(0.5, 0.9, 0.95, 0.99)(r.quantiles) AS quantiles
                    FROM rollups AS r
                    WHERE @rows AND (wanted != 'rate' OR r.bucket < open_bucket)
                    GROUP BY bucket, key, r.tenant, r.tags
                ) AS r
                GROUP BY time, key
            )
        )
    )
    WHERE additive OR place <= 10
    GROUP BY time, series
    ORDER BY series, time WITH FILL FROM first_bucket TO if(wanted = 'rate', open_bucket, end_bucket) STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE series != ''
ORDER BY time, name
