-- Takes back 0006_ingest_ledger with everything in it.
DROP TABLE ingest_ledger ${on_cluster} SYNC;
