SELECT dateDiff('second', max(occurred_at), toDateTime64($__toTime, 6, 'UTC')) AS `{{Age}}`
FROM events
WHERE name = 'millrace.reconcile.finished' AND tenant = 'default'
    AND occurred_at > $__toTime - INTERVAL 1 DAY AND occurred_at <= $__toTime
HAVING count() > 0
