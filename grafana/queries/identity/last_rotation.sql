-- To the moment while the raw events last, then to the hour or the day in which it was.
SELECT toUnixTimestamp64Milli(toDateTime64(max(at), 3, 'UTC')) AS `{{Last Rotation}}` FROM (
    SELECT max(occurred_at) AS at
    FROM events
    WHERE name = 'jwks.rotation.success' AND occurred_at <= $__toTime
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    UNION ALL
    SELECT max(toDateTime64(bucket, 6, 'UTC')) AS at
    FROM rollups
    WHERE grain IN ('1h', '1d') AND name = 'jwks.rotation.success'
        AND bucket + if(grain = '1h', 3600, 86400) <= $__toTime
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
)
HAVING max(at) > toDateTime64(0, 6, 'UTC')
