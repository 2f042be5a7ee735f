-- What is no client's error is the server's, a request without any status too; zeros where all went well.
WITH @grain
SELECT time, `{{Client errors}}`, `{{Server errors}}` FROM (
    SELECT
        r.bucket AS time,
        sumIf(r.events, @client_error) AS `{{Client errors}}`,
        toUInt64(sumIf(r.events, @failed) - `{{Client errors}}`) AS `{{Server errors}}`,
        sum(r.events) AS known
    FROM rollups AS r
    WHERE @chosen
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
