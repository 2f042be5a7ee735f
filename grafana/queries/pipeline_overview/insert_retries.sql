SELECT * FROM (
    SELECT $__timeInterval(bucket) AS time, concat('error ', tags['code']) AS code, sum(sum) * 60 / $__interval_s AS Value
    FROM rollup_1m
    WHERE bucket >= $__timeInterval($__fromTime) AND bucket < $__timeInterval($__toTime)
        AND name = 'millrace.ingest.retries' AND measurement = 'count'
    GROUP BY time, code
    ORDER BY code, time WITH FILL FROM $__timeInterval($__fromTime) TO $__timeInterval($__toTime) STEP $__interval_s
)
-- Filling an empty result makes a series without a name.
WHERE code != ''
ORDER BY time, code
