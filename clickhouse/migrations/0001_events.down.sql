-- Takes back 0001_events: the raw events are gone for good.
DROP TABLE events ${on_cluster} SYNC;
