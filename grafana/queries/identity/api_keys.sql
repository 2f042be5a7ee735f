WITH @grain
SELECT * FROM (
    SELECT
        @slot AS time,
        sumIf(r.sum, name = 'apikey.issued.count') AS `{{Issued}}`,
        sumIf(r.sum, name = 'apikey.revoked.count') AS `{{Revoked}}`
    FROM rollups AS r
    WHERE @chosen AND @counted
        AND name IN (
            'apikey.issued.count',
            'apikey.revoked.count'
        )
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
WHERE @whole
ORDER BY time
