WITH @grain
SELECT r.bucket AS time, r.tags['table'] AS table, max(r.max) AS Value
FROM rollups AS r
WHERE r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND r.name = 'millrace.store.parts' AND r.measurement = 'parts'
    AND r.tags['table'] IN (
        SELECT m.tags['table'] FROM rollups AS m
        WHERE m.grain = wanted_grain AND $__timeFilter(m.bucket)
            AND m.name = 'millrace.store.parts' AND m.measurement = 'parts'
        GROUP BY m.tags['table'] ORDER BY max(m.max) DESC, m.tags['table'] LIMIT 8
    )
GROUP BY time, table
ORDER BY time, table
