WITH busiest AS (
    SELECT name FROM rollup_1m
    WHERE bucket >= $__timeInterval($__fromTime) AND bucket < $__timeInterval($__toTime)
        AND NOT startsWith(name, 'millrace.')
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY name ORDER BY sum(events) DESC, name LIMIT 9
)
SELECT * FROM (
    SELECT
        $__timeInterval(bucket) AS time,
        if(name IN busiest, name, 'other') AS event,
        sum(events) / $__interval_s AS Value
    FROM rollup_1m
    WHERE bucket >= $__timeInterval($__fromTime) AND bucket < $__timeInterval($__toTime)
        AND NOT startsWith(name, 'millrace.')
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY time, event
    ORDER BY event, time WITH FILL FROM $__timeInterval($__fromTime) TO $__timeInterval($__toTime) STEP $__interval_s
)
-- Filling an empty result makes a series without a name.
WHERE event != ''
ORDER BY time, event
