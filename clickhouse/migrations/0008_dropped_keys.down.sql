-- Takes back 0008_dropped_keys with everything in it.
DROP TABLE dropped_keys ${on_cluster} SYNC;
