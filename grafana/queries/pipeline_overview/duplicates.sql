SELECT sum(duplicate) AS `{{Duplicates}}`
FROM ingest_ledger
WHERE $__timeFilter(flushed_at) AND NOT endsWith(topic, 'telemetry.millrace')
HAVING count() > 0
