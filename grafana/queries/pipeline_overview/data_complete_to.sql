-- By arrival: a partition is complete to the moment of its report, less the age of what still waits.
-- The newest report of each partition, then the partition that is furthest behind.
SELECT toUnixTimestamp64Milli(min(complete_to)) AS `{{Data complete to}}` FROM (
    SELECT argMax(occurred_at - toIntervalMillisecond(toInt64(measurements['seconds'] * 1000)), occurred_at) AS complete_to
    FROM events
    WHERE name = 'millrace.ingest.lag' AND NOT endsWith(tags['topic'], 'telemetry.millrace')
        AND occurred_at > $__toTime - INTERVAL 5 MINUTE AND occurred_at <= $__toTime + INTERVAL 1 SECOND
    GROUP BY tenant, tags['topic'], tags['partition']
)
HAVING count() > 0
