WITH @grain
SELECT * FROM (
    SELECT r.bucket AS time, concat('{{error}} ', r.tags['code']) AS code, sum(r.sum) * 60 / step AS Value
    FROM rollups AS r
    WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND r.bucket < open_bucket AND $__timeFilter(r.bucket)
        AND r.name = 'millrace.ingest.retries' AND r.measurement = 'count'
    GROUP BY time, code
    ORDER BY code, time WITH FILL FROM first_bucket TO open_bucket STEP toIntervalSecond(step)
)
-- Filling an empty result makes a series without a name.
WHERE code != ''
ORDER BY time, code
