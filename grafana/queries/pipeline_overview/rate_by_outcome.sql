SELECT
    $__timeInterval(flushed_at) AS time,
    sum(l.stored) / $__interval_s AS `{{stored}}`,
    sum(l.rejected) / $__interval_s AS `{{rejected}}`,
    sum(l.duplicate) / $__interval_s AS `{{duplicate}}`
FROM ingest_ledger AS l
WHERE flushed_at >= $__timeInterval($__fromTime) AND flushed_at < $__timeInterval($__toTime)
    AND NOT endsWith(topic, 'telemetry.millrace')
GROUP BY time
ORDER BY time WITH FILL FROM $__timeInterval($__fromTime) TO $__timeInterval($__toTime) STEP $__interval_s
