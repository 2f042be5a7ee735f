-- What each tenant last said, and the oldest of those.
WITH @latest
SELECT max(said) / 86400000 AS `{{Key Age}}` FROM (
    SELECT argMaxMerge(r.last) AS said
    FROM rollups AS r
    WHERE grain = last_grain AND bucket > $__toTime - 86400 - last_step AND bucket < $__toTime
        AND name = 'jwks.active_key.age_ms' AND measurement = 'value'
        AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY r.tenant, r.tags
)
HAVING count() > 0
