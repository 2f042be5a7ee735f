-- Each point is distinct within its own bucket, so points do not add up to the card.
WITH @grain
SELECT time, `{{Active users}}` FROM (
    SELECT
        r.bucket AS time,
        toUInt64(uniqCombined64Merge(r.actors)
            + (${include_anonymous:singlequote} = 'on' AND sum(r.anonymous) > 0)) AS `{{Active users}}`,
        sum(r.events) AS known
    FROM rollups AS r
    WHERE startsWith(r.name, 'webapp.') AND @inside
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
QUALIFY sum(known) OVER () > 0
ORDER BY time
