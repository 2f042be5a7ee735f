SELECT
    failed_at AS `{{Time}}`,
    url AS `{{URL}}`,
    error AS `{{Error}}`,
    title AS `{{Title}}`,
    link_id AS `{{Link}}`,
    if(deleted, '{{deleted since}}', '') AS `{{State}}`
FROM links
WHERE tenant = ${tenant:singlequote} AND processing = 'failed' AND failed_at <= $__toTime
ORDER BY failed_at DESC, link_id
LIMIT 10
