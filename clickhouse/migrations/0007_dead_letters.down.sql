-- Takes back 0007_dead_letters with everything in it.
DROP TABLE dead_letters ${on_cluster} SYNC;
