SELECT quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(quantiles)[4] AS `{{p99}}`
FROM rollup_1m
WHERE name = 'millrace.ingest.delay' AND measurement = 'seconds'
    AND NOT endsWith(tags['topic'], 'telemetry.millrace')
    AND bucket > $__toTime - INTERVAL 5 MINUTE AND bucket <= $__toTime
HAVING count() > 0
