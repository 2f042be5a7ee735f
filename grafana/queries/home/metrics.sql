-- What no other group sends: the metrics that tenants define for themselves.
NOT startsWith(r.name, 'millrace.') AND NOT @game AND NOT @webapp AND NOT @links AND NOT @identity
