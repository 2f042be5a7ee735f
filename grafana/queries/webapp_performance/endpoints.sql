-- Slowest first by the mean, as its readers expect; every endpoint, so the limit is beyond the budget.
WITH @grain
SELECT
    @endpoint AS `{{Endpoint}}`,
    r.tags['method'] AS `{{Method}}`,
    sumIf(r.sum, r.measurement = 'response_time_ms')
        / sumIf(r.count, r.measurement = 'response_time_ms') AS `{{Average}}`,
    (quantilesBFloat16MergeIf(0.5, 0.9, 0.95, 0.99)(
        r.quantiles, r.measurement = 'response_time_ms'
    ) AS levels)[1] AS `{{P50}}`,
    levels[3] AS `{{P95}}`,
    levels[4] AS `{{P99}}`,
    sum(r.events) AS `{{Requests}}`,
    sumIf(r.events, @failed) / `{{Requests}}` AS `{{Error rate}}`
FROM rollups AS r
WHERE @chosen
GROUP BY `{{Endpoint}}`, `{{Method}}`
ORDER BY `{{Average}}` DESC, `{{Endpoint}}`, `{{Method}}`
LIMIT 10000
