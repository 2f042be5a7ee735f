-- Kafka's own id of the topic whose log it is: a topic that is made anew gets another. Empty where the broker has none.
ALTER TABLE topic_logs ${on_cluster} ADD COLUMN topic_id String DEFAULT '';
