-- A value that is too late for several window sizes counts once: the size that lost most stands for all.
WITH @grain, (
    SELECT sum(r.sum) FROM rollups AS r
    WHERE r.grain = wanted_grain AND $__timeFilter(r.bucket)
        AND r.name = 'millrace.ingest.stored' AND r.measurement = 'count'
        AND NOT endsWith(r.tags['topic'], 'telemetry.millrace')
) AS stored
SELECT least(1, max(late) / stored) AS `{{Too late}}` FROM (
    SELECT sum(r.sum) AS late
    FROM rollups AS r
    WHERE r.grain = wanted_grain AND $__timeFilter(r.bucket)
        AND r.name = 'millrace.windows.too_late' AND r.measurement = 'count'
        AND NOT endsWith(r.tags['topic'], 'telemetry.millrace')
    GROUP BY r.tags['size']
)
HAVING stored > 0
