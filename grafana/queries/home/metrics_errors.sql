WITH @grain, (
    SELECT count() FROM dead_letters
    WHERE $__timeFilter(received_at) AND namespace IN ('default', 'user')
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
) AS refused, (
    SELECT sum(r.events) FROM rollups AS r
    WHERE @inside AND @metrics
) AS stored
SELECT refused / (refused + stored) AS `{{Refused}}`
WHERE refused + stored > 0
