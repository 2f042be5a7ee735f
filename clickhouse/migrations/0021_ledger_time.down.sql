-- Takes back 0021_ledger_time; no data is lost.
ALTER TABLE ingest_ledger ${on_cluster} DROP INDEX by_flushed_at;
