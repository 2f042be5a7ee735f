-- What each tenant's pool last said, together; samples of one pool are never added up.
WITH @latest
SELECT sum(said) AS `{{Active}}` FROM (
    SELECT argMaxMerge(r.last) AS said
    FROM rollups AS r
    WHERE grain = last_grain AND bucket > $__toTime - 900 - last_step AND bucket < $__toTime
        AND name = 'lua.pool.active' AND measurement = 'value'
        AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY r.tenant, r.tags
)
HAVING count() > 0
