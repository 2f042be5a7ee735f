-- The newest active key of each tenant, then the oldest of those.
SELECT max(age) AS `{{Key Age}}` FROM (
    SELECT min(dateDiff('second', activated_at, $__toTime)) / 86400 AS age
    FROM signing_keys
    WHERE activated_at <= $__toTime
        AND (retired_at IS NULL OR retired_at < activated_at OR retired_at > $__toTime)
        AND (pruned_at IS NULL OR pruned_at < activated_at OR pruned_at > $__toTime)
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY tenant
)
HAVING count() > 0
