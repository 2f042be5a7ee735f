-- The last value of each partition, then the worst of them: gauges are never added up over time.
SELECT max(records) AS `{{Lag}}` FROM (
    SELECT argMaxMerge(last) AS records
    FROM rollup_1m
    WHERE name = 'millrace.ingest.lag' AND measurement = 'records'
        AND bucket > $__toTime - INTERVAL 5 MINUTE AND bucket <= $__toTime
    GROUP BY tenant, tags
)
HAVING count() > 0
