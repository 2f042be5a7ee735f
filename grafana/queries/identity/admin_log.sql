-- The log itself: raw events, as far back as they are kept.
SELECT
    occurred_at AS `{{Time}}`,
    tenant AS `{{Tenant}}`,
    name AS `{{Action}}`,
    if(empty(e.tags), '–', arrayStringConcat(mapValues(e.tags), ', ')) AS `{{Details}}`,
    if(e.actor = '', '{{not known}}', e.actor) AS `{{Administrator}}`
FROM events AS e
WHERE $__timeFilter(occurred_at)
    AND name IN (
        'admin.session.revoke',
        'admin.permission_request.approve.count',
        'admin.permission_request.reject.count',
        'admin.policy.change.count',
        'admin.pipeline.graph.save.count',
        'admin.pipeline.secret.rotate.count'
    )
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
ORDER BY occurred_at DESC, name LIMIT toUInt64(${limit:singlequote})
