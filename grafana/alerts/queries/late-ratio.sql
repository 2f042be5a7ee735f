-- By arrival, so from the workers' own counts: in the rollups late values lie in the past. One value
-- may be too late for windows of several sizes; it counts in the size that lost most.
SELECT least(1, max(late) / max(stored)) AS Value FROM (
    SELECT
        sumIf(r.sum, r.name = 'millrace.windows.too_late') AS late,
        sumIf(r.sum, r.name = 'millrace.ingest.stored') AS stored
    FROM rollup_1m AS r
    WHERE $__timeFilter(r.bucket) AND r.name IN ('millrace.windows.too_late', 'millrace.ingest.stored')
        AND r.measurement = 'count' AND NOT endsWith(r.tags['topic'], 'telemetry.millrace')
    GROUP BY r.tags['size']
)
HAVING max(stored) >= @SAMPLE
