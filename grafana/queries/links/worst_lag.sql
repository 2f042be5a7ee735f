-- All sources share the topic. The last value of each partition, then the worst of them.
SELECT max(records) AS `{{Lag}}`
FROM
(
    SELECT argMaxMerge(r.last) AS records
    FROM rollup_1m AS r
    WHERE r.name = 'millrace.ingest.lag' AND r.measurement = 'records'
        AND endsWith(r.tags['topic'], 'telemetry.events')
        AND r.bucket > $__toTime - INTERVAL 5 MINUTE AND r.bucket <= $__toTime
    GROUP BY r.tenant, r.tags
)
HAVING count() > 0
