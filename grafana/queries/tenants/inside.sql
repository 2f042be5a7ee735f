-- Rows of the range in the chosen grain, of the chosen tenants; own telemetry is nobody's use.
r.grain = wanted_grain AND r.bucket >= first_bucket AND $__timeFilter(r.bucket)
    AND NOT startsWith(r.name, 'millrace.')
    AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
