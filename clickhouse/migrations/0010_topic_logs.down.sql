-- Takes back 0010_topic_logs with everything in it.
DROP TABLE topic_logs ${on_cluster} SYNC;
