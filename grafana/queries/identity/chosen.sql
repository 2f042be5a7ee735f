grain = wanted_grain AND bucket >= first_bucket AND bucket <= $__toTime
        AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
