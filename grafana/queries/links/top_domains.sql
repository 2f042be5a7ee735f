-- The stored icon, or a picture of nothing: an address outside is asked for an icon only where the viewer gave one.
SELECT
    concat(toString(row_number() OVER (ORDER BY amount DESC, host)), '.') AS `#`,
    multiIf(
        stored != '', stored,
        ${icons:singlequote} != '', replaceAll(${icons:singlequote}, '<domain>', encodeURLComponent(host)),
        'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=='
    ) AS `{{Icon}}`,
    host AS `{{Domain}}`,
    amount AS `{{Links}}`
FROM
(
    SELECT
        if(l.domain = '', '{{no domain}}', l.domain) AS host,
        count() AS amount,
        argMaxIf(l.favicon, l.created_at, match(l.favicon, '^(https://|data:image/)')) AS stored
    FROM links AS l
    WHERE l.tenant = ${tenant:singlequote} AND l.saved AND NOT l.deleted AND l.created_at <= $__toTime
    GROUP BY host
)
ORDER BY amount DESC, host
LIMIT 10
