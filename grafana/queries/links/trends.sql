-- Snapshots are gauges: the newest of a bucket, never a sum of several.
WITH @grain
SELECT
    r.bucket AS time,
    argMaxMergeIf(r.last, r.measurement = 'totalLinks') AS `{{Total Links}}`,
    argMaxMergeIf(r.last, r.measurement = 'completedLinks') AS `{{Completed}}`,
    argMaxMergeIf(r.last, r.measurement = 'pendingProcessing') AS `{{Pending Processing}}`,
    argMaxMergeIf(r.last, r.measurement = 'failedProcessing') AS `{{Failed}}`
FROM rollups AS r
WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND r.tenant = ${tenant:singlequote} AND r.name = 'metricsSnapshotRecorded'
GROUP BY time
ORDER BY time
