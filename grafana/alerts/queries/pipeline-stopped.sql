-- Own telemetry counts here: a worker that runs stores some every few seconds, traffic or not.
SELECT greatest(0, toUnixTimestamp64Milli($__toTime_ms) - toUnixTimestamp64Milli(max(flushed_at))) / 1000 AS Value
FROM ingest_ledger
WHERE $__timeFilter(flushed_at)
HAVING count() > 0
