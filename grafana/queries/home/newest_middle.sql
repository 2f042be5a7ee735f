UNION ALL
    SELECT max(r.bucket) AS newest, count() AS found
    FROM rollup_1m AS r
    WHERE $__timeFilter(r.bucket) AND r.bucket > $__toTime - INTERVAL 2 HOUR
        AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
