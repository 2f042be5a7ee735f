-- A letter that was redriven or purged waits for nobody.
SELECT tenant, reason, count() AS Value
FROM dead_letters
WHERE $__timeFilter(received_at) AND NOT endsWith(topic, 'telemetry.millrace')
    AND (log, topic, partition, offset) NOT IN (
        SELECT log, topic, partition, offset FROM letter_marks
        WHERE mark != 'refused' AND at >= $__fromTime
    )
GROUP BY tenant, reason
ORDER BY Value DESC, tenant, reason LIMIT 100
