WITH @grain
SELECT * FROM (
    SELECT
        @slot AS time,
        sumIf(r.sum, name = 'admin.session.revoke') AS `{{Admin revoked session}}`,
        sumIf(r.sum, name = 'admin.permission_request.approve.count') AS `{{Request approved}}`,
        sumIf(r.sum, name = 'admin.permission_request.reject.count') AS `{{Request rejected}}`,
        sumIf(r.sum, name = 'admin.policy.change.count') AS `{{Auth model updated}}`,
        sumIf(r.sum, name = 'admin.pipeline.graph.save.count') AS `{{Pipeline saved}}`,
        sumIf(r.sum, name = 'admin.pipeline.secret.rotate.count') AS `{{Secret rotated}}`
    FROM rollups AS r
    WHERE @chosen AND @counted
        AND name IN (
            'admin.session.revoke',
            'admin.permission_request.approve.count',
            'admin.permission_request.reject.count',
            'admin.policy.change.count',
            'admin.pipeline.graph.save.count',
            'admin.pipeline.secret.rotate.count'
        )
    GROUP BY time
    ORDER BY time WITH FILL FROM first_bucket TO end_bucket STEP toIntervalSecond(step)
)
WHERE @whole
ORDER BY time
