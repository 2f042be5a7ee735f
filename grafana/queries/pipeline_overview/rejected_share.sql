SELECT sum(rejected) / sum(delivered) AS `{{Rejected}}`
FROM ingest_ledger
WHERE $__timeFilter(flushed_at) AND NOT endsWith(topic, 'telemetry.millrace')
HAVING sum(delivered) > 0
