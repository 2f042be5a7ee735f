WITH @grain
SELECT
    worker AS `{{worker}}`,
    max(started) AS `{{started at}}`,
    if(max(stopped) > max(started), max(stopped), NULL) AS `{{stopped at}}`,
    max(memory) AS `{{memory}}`,
    max(heard) AS `{{last heard}}`
FROM (
    SELECT
        e.tags['worker'] AS worker,
        toNullable(toDateTime(e.occurred_at)) AS at,
        if(e.name = 'millrace.worker.started', at, NULL) AS started,
        if(e.name = 'millrace.worker.stopped', at, NULL) AS stopped,
        CAST(NULL AS Nullable(Float64)) AS memory,
        at AS heard
    FROM events AS e
    WHERE $__timeFilter(e.occurred_at) AND e.tenant = 'default'
        AND e.name IN ('millrace.worker.started', 'millrace.worker.stopped')
    UNION ALL
    SELECT r.tags['worker'] AS worker, NULL, NULL, NULL, argMaxMerge(r.last), max(r.bucket)
    FROM rollups AS r
    WHERE r.grain = wanted_grain AND $__timeFilter(r.bucket)
        AND r.name = 'millrace.worker.memory' AND r.measurement = 'rss_bytes'
    GROUP BY worker
)
GROUP BY worker
ORDER BY `{{last heard}}` DESC, worker LIMIT 50
