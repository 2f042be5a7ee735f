-- The rows of a range that the store itself could not take: dead letters that the log alone cannot foretell.
ALTER TABLE ingest_ledger ${on_cluster} ADD COLUMN refused Array(UInt64) DEFAULT [] AFTER duplicate;
