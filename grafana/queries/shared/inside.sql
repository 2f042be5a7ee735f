-- Rows of the range in the chosen grain, of the chosen tenants.
r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
