GROUP BY known, time
    ORDER BY known, time WITH FILL FROM first_bucket TO open_bucket STEP toIntervalSecond(step)
)
WHERE known != ''
ORDER BY time
