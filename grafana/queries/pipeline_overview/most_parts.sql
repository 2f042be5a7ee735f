SELECT max(parts) AS `{{Parts}}` FROM (
    SELECT argMaxMerge(r.last) AS parts
    FROM rollup_1m AS r
    WHERE r.name = 'millrace.store.parts' AND r.measurement = 'parts'
        AND r.bucket > $__toTime - INTERVAL 5 MINUTE AND r.bucket <= $__toTime
    GROUP BY r.tags['table']
)
HAVING count() > 0
