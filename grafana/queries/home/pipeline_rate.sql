SELECT time, rate AS `{{Events a second}}` FROM (
    SELECT 'any' AS known, $__timeInterval(flushed_at) AS time, sum(stored) / $__interval_s AS rate
    FROM ingest_ledger
    WHERE flushed_at >= $__timeInterval($__fromTime) AND flushed_at < $__timeInterval($__toTime)
        AND NOT endsWith(topic, 'telemetry.millrace')
    GROUP BY known, time
    ORDER BY known, time WITH FILL FROM $__timeInterval($__fromTime) TO $__timeInterval($__toTime) STEP $__interval_s
)
WHERE known != ''
ORDER BY time
