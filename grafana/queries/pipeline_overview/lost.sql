-- A worker's memory is its pulse: without one nothing is known, with one no loss is a fact.
WITH @grain
SELECT sumIf(r.sum, r.name = 'millrace.ingest.lost') AS `{{Lost}}`
FROM rollups AS r
WHERE r.grain = wanted_grain AND $__timeFilter(r.bucket)
    AND ((r.name = 'millrace.ingest.lost' AND r.measurement = 'count') OR r.name = 'millrace.worker.memory')
HAVING count() > 0
