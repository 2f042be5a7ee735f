-- The newest report of each partition in the five minutes before the range's end, and the mean of the five before.
SELECT
    topic AS `{{topic}}`,
    partition AS `{{partition}}`,
    records AS `{{waiting}}`,
    seconds AS `{{oldest}}`,
    rise AS `{{more a minute}}`,
    reported - toIntervalMillisecond(toInt64(seconds * 1000)) AS `{{complete to}}`
FROM (
    SELECT
        e.tags['topic'] AS topic,
        e.tags['partition'] AS partition,
        argMax(e.measurements['records'], e.occurred_at) AS records,
        argMax(e.measurements['seconds'], e.occurred_at) AS seconds,
        max(e.occurred_at) AS reported,
        avgIf(e.measurements['records'], e.occurred_at > $__toTime - INTERVAL 5 MINUTE) AS newer,
        avgIf(e.measurements['records'], e.occurred_at <= $__toTime - INTERVAL 5 MINUTE) AS older,
        if(isFinite(newer - older), (newer - older) / 5, NULL) AS rise
    FROM events AS e
    WHERE e.name = 'millrace.ingest.lag' AND e.tenant = 'default'
        AND e.occurred_at > $__toTime - INTERVAL 10 MINUTE AND e.occurred_at <= $__toTime
    GROUP BY topic, partition
    HAVING reported > $__toTime - INTERVAL 5 MINUTE
)
ORDER BY records DESC, topic, partition LIMIT 200
