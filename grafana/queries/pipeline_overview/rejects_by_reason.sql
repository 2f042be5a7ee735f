SELECT * FROM (
    SELECT $__timeInterval(received_at) AS time, reason, count() * 60 / $__interval_s AS Value
    FROM dead_letters
    WHERE received_at >= $__timeInterval($__fromTime) AND received_at < $__timeInterval($__toTime)
        AND NOT endsWith(topic, 'telemetry.millrace')
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY time, reason
    ORDER BY reason, time WITH FILL FROM $__timeInterval($__fromTime) TO $__timeInterval($__toTime) STEP $__interval_s
)
-- Filling an empty result makes a series without a name.
WHERE reason != ''
ORDER BY time, reason
