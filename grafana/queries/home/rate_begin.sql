-- A rate is zero where nothing came, and there is none where nothing ever came.
WITH @grain
SELECT time, rate AS `{{Events a second}}` FROM (
    SELECT 'any' AS known, r.bucket AS time, sum(r.events) / step AS rate
    FROM rollups AS r
    WHERE @inside AND r.bucket < open_bucket
