SELECT $__timeInterval(flushed_at) AS time, sum(stored) / $__interval_s AS `{{Events a second}}`
FROM ingest_ledger
WHERE flushed_at >= $__timeInterval($__fromTime) AND flushed_at < $__timeInterval($__toTime)
    AND NOT endsWith(topic, 'telemetry.millrace')
GROUP BY time
ORDER BY time WITH FILL FROM $__timeInterval($__fromTime) TO $__timeInterval($__toTime) STEP $__interval_s
