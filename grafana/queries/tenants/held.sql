-- Distinct values of each tag, in the partition that knows most; a topic made anew has begun anew.
SELECT v.tenant AS owner, v.name AS metric, v.key AS tag, max(v.held) AS held
FROM
(
    SELECT tenant, name, key, count() AS held
    FROM tag_values
    WHERE (topic, log) IN (SELECT topic, argMax(log, (created_at, topic_id)) FROM topic_logs GROUP BY topic)
        AND NOT startsWith(name, 'millrace.')
        AND $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)
    GROUP BY log, topic, partition, tenant, name, key
) AS v
GROUP BY owner, metric, tag
