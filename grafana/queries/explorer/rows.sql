r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
    AND r.name = ${name:singlequote} AND r.measurement = ${measurement:singlequote}
    AND (
        ${filter_tag:singlequote} = '-'
        OR $__conditionalAll(r.tags[${filter_tag:singlequote}] IN (${filter_value:singlequote}), $filter_value)
    )
