WITH @grain
SELECT * FROM (
    SELECT
        @slot AS time,
        sumIf(r.sum, name = 'email.send.success') AS `{{Sent}}`,
        sumIf(r.sum, name = 'email.send.error') AS `{{Failed}}`,
        sumIf(r.sum, name = 'email.send.rate_limited.count') AS `{{Rate Limited}}`
    FROM rollups AS r
    WHERE @chosen AND @counted
        AND name IN (
            'email.send.success',
            'email.send.error',
            'email.send.rate_limited.count'
        )
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
WHERE @whole
ORDER BY time
