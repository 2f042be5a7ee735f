-- The spread as the merged states have it: raw values are not kept for a year.
WITH @grain
SELECT level.1 AS part, level.2 AS `{{Subjects}}` FROM (
    SELECT
        quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles) AS levels,
        arrayJoin([
            ('{{peak}}', max(r.max)), ('P99', levels[4]), ('P95', levels[3]), ('P90', levels[2]),
            ('P50', levels[1]), ('{{lowest}}', min(r.min))
        ]) AS level
    FROM rollups AS r
    WHERE @chosen AND name = 'authz.rebac.subjects_expanded' AND measurement = 'value'
    HAVING count() > 0
)
LIMIT 6
