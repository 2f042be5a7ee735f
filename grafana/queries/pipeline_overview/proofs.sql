SELECT
    occurred_at AS `{{proved at}}`,
    measurements['differences'] AS `{{differences}}`,
    measurements['checks'] AS `{{comparisons}}`,
    measurements['seconds'] AS `{{took}}`
FROM events
WHERE name = 'millrace.reconcile.finished' AND tenant = 'default' AND $__timeFilter(occurred_at)
ORDER BY occurred_at DESC LIMIT 50
