WITH @grain
SELECT
    r.tenant AS `{{tenant}}`,
    r.name AS `{{event}}`,
    sum(r.events) AS `{{events}}`,
    sum(r.events) / greatest(1, $__toTime - $__fromTime) AS `{{a second}}`,
    uniqCombined64Merge(r.actors) AS `{{distinct actors}}`,
    sum(r.anonymous) AS `{{without actor}}`,
    max(r.bucket) AS `{{newest bucket}}`
FROM rollups AS r
WHERE r.grain = wanted_grain AND $__timeFilter(r.bucket) AND NOT startsWith(r.name, 'millrace.')
    AND $__conditionalAll(r.tenant IN (${tenant:singlequote}), $tenant)
GROUP BY r.tenant, r.name
ORDER BY sum(r.events) DESC, r.tenant, r.name LIMIT 50
