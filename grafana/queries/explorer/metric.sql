-- What the catalogue in use says of the metric; what it does not declare is told by an event of it.
ifNull((SELECT argMax(contents, created_at) FROM catalogues), '') AS catalogue,
arrayFilter(
    text -> text != '',
    arrayMap(space -> JSONExtractRaw(space, 'events', ${name:singlequote}), JSONExtractArrayRaw(catalogue, 'namespaces'))
)[1] AS declared,
(
    SELECT (max(said.1), max(said.2))
    FROM
    (
        SELECT (toString(e.kind), toString(e.unit)) AS said FROM events AS e
        WHERE e.name = ${name:singlequote} AND $__conditionalAll(e.tenant IN (${tenant:singlequote}), $tenant)
        LIMIT 1000
    )
) AS seen,
if(declared != '', JSONExtractString(declared, 'kind'), seen.1) AS kind,
-- Values of a kind that nobody knows may be samples of a gauge, which are not added up.
kind IN ('counter', 'event', 'histogram', 'summary') AS summable,
${aggregation:singlequote} AS wanted,
indexOf(['p50', 'p90', 'p95', 'p99'], wanted) AS level
