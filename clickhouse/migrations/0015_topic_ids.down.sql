-- Takes back 0015_topic_ids; which topic a log belongs to is told by its length alone again.
ALTER TABLE topic_logs ${on_cluster} DROP COLUMN topic_id;
