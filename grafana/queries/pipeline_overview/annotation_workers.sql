SELECT
    occurred_at AS time,
    concat('{{worker}} ', e.tags['worker'], if(name = 'millrace.worker.started', ' {{started}}', ' {{stopped}}')) AS text,
    'worker' AS tags
FROM events AS e
WHERE $__timeFilter(occurred_at) AND name IN ('millrace.worker.started', 'millrace.worker.stopped')
ORDER BY time LIMIT 200
