-- Takes back 0013_ingest_pauses with everything in it.
DROP TABLE ingest_pauses ${on_cluster} SYNC;
