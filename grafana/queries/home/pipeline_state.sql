-- 0 is all right, 1 deserves a look, 2 is broken, 3 has no worker.
WITH (
    SELECT count() FROM ingest_ledger
    WHERE $__timeFilter(flushed_at) AND NOT endsWith(topic, 'telemetry.millrace')
) AS flushes, (
    SELECT sum(rejected) / sum(delivered) FROM ingest_ledger
    WHERE $__timeFilter(flushed_at) AND NOT endsWith(topic, 'telemetry.millrace')
) AS refused, (
    SELECT (count(), max(records)) FROM (
        SELECT argMaxMerge(r.last) AS records
        FROM rollup_1m AS r
        WHERE r.name = 'millrace.ingest.lag' AND r.measurement = 'records'
            AND r.bucket > $__toTime - INTERVAL 5 MINUTE AND r.bucket <= $__toTime
        GROUP BY r.tenant, r.tags
    )
) AS waiting, (
    SELECT argMax(measurements['differences'], occurred_at) FROM events
    WHERE name = 'millrace.reconcile.finished' AND tenant = 'default'
        AND occurred_at > $__toTime - INTERVAL 1 DAY AND occurred_at <= $__toTime
) AS differences
SELECT multiIf(
    waiting.1 = 0, 3,
    waiting.2 >= @LAG_BAD OR ifNull(refused, 0) >= @REJECTED_BAD OR ifNull(differences, 0) > 0, 2,
    waiting.2 >= @LAG_WARN OR ifNull(refused, 0) >= @REJECTED_WARN, 1,
    0
) AS `{{State}}`
WHERE waiting.1 > 0 OR flushes > 0
