-- Takes back 0012_ledger_refused; which rows the store refused is forgotten.
ALTER TABLE ingest_ledger ${on_cluster} DROP COLUMN refused;
