-- What was last heard of each partition in the month before the range's end; a worker's memory is its pulse.
SELECT countIf(state = 'paused') AS `{{Paused}}` FROM (
    SELECT argMax(e.tags['state'], e.occurred_at) AS state
    FROM events AS e
    WHERE e.name = 'millrace.ingest.pauses' AND e.tenant = 'default'
        AND e.occurred_at > $__toTime - INTERVAL 30 DAY AND e.occurred_at <= $__toTime
    GROUP BY e.tags['topic'], e.tags['partition']
)
HAVING count() > 0 OR 0 < (
    SELECT count() FROM rollup_1m AS r
    WHERE r.name = 'millrace.worker.memory' AND r.tenant = 'default'
        AND r.bucket > $__toTime - INTERVAL 1 DAY AND r.bucket <= $__toTime
)
