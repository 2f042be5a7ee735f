-- Our own store, whoever wrote to it: the platform's database is not measured by any name of the catalogue.
WITH @grain
SELECT quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[3] AS `{{P95}}`
FROM rollups AS r
WHERE grain = wanted_grain AND bucket >= first_bucket AND bucket <= $__toTime
    AND name = 'millrace.ingest.flush' AND measurement = 'seconds' AND NOT endsWith(r.tags['topic'], 'telemetry.millrace')
HAVING count() > 0
