SELECT count() AS `{{Active Sessions}}`
FROM sessions
WHERE started_at <= $__toTime
    AND (ended_at IS NULL OR ended_at > $__toTime)
    AND (expires_at IS NULL OR expires_at > $__toTime)
    AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
