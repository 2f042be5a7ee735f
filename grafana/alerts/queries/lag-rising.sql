-- Records a minute: the least of the newest five minutes against the most of the five that ended ten
-- minutes before those began. One sample that is off, high or low, makes no rise.
SELECT
    r.tags['topic'] AS topic,
    r.tags['partition'] AS partition,
    (
        minIf(r.min, r.bucket > $__toTime - INTERVAL 5 MINUTE)
        - maxIf(r.max, r.bucket <= $__toTime - INTERVAL 15 MINUTE)
    ) / 10 AS Value
FROM rollup_1m AS r
WHERE $__timeFilter(r.bucket) AND r.name = 'millrace.ingest.lag' AND r.measurement = 'records'
GROUP BY topic, partition
HAVING countIf(r.bucket > $__toTime - INTERVAL 5 MINUTE) > 0
    AND countIf(r.bucket <= $__toTime - INTERVAL 15 MINUTE) > 0
ORDER BY Value DESC, topic, partition LIMIT 100
