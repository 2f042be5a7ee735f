-- The newest proof of the day before the range's end: one is made every few minutes.
SELECT argMax(measurements['differences'], occurred_at) AS `{{Differences}}`
FROM events
WHERE name = 'millrace.reconcile.finished' AND tenant = 'default'
    AND occurred_at > $__toTime - INTERVAL 1 DAY AND occurred_at <= $__toTime
HAVING count() > 0
