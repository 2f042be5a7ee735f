SELECT greatest(0, toUnixTimestamp64Milli($__toTime_ms) - toUnixTimestamp64Milli(max(flushed_at))) / 1000 AS `{{Age}}`
FROM ingest_ledger
WHERE $__timeFilter(flushed_at) AND NOT endsWith(topic, 'telemetry.millrace')
HAVING count() > 0
