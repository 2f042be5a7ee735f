WITH @grain
SELECT * FROM (
    SELECT
        @slot AS time,
        sumIf(r.sum, name = 'authz.decision.count' AND r.tags['result'] = 'allowed') AS `{{Allowed}}`,
        sumIf(r.sum, name = 'authz.decision.count' AND r.tags['result'] = 'denied') AS `{{Denied}}`,
        sumIf(r.sum, name = 'authz.error.count') AS `{{Errors}}`
    FROM rollups AS r
    WHERE @chosen AND @counted
        AND name IN (
            'authz.decision.count',
            'authz.error.count'
        )
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
WHERE @whole
ORDER BY time
