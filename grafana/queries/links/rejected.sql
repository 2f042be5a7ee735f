SELECT count() AS `{{Rejected}}`
FROM dead_letters
WHERE $__timeFilter(received_at) AND tenant = ${tenant:singlequote} AND namespace = 'links'
