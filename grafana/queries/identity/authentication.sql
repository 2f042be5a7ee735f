WITH @grain
SELECT * FROM (
    SELECT
        @slot AS time,
        sumIf(r.sum, name = 'auth.login.attempt' AND r.tags['status'] = 'success') AS `{{Successful Logins}}`,
        sumIf(r.sum, name = 'auth.login.attempt' AND r.tags['status'] = 'fail') AS `{{Failed Logins}}`,
        sumIf(r.sum, name = 'auth.register.success') AS `{{New Registrations}}`,
        sumIf(r.sum, name = 'auth.session.created.count') AS `{{Sessions Created}}`
    FROM rollups AS r
    WHERE @chosen AND @counted
        AND name IN (
            'auth.login.attempt',
            'auth.register.success',
            'auth.session.created.count'
        )
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
WHERE @whole
ORDER BY time
