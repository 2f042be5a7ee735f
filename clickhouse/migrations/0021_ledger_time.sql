-- Dashboards ask the ledger by time, and it is ordered by offset: flushes of a partition follow each
-- other in time, so the extremes of a granule tell whether it lies in the range.
ALTER TABLE ingest_ledger ${on_cluster} ADD INDEX by_flushed_at flushed_at TYPE minmax GRANULARITY 1;

ALTER TABLE ingest_ledger ${on_cluster} MATERIALIZE INDEX by_flushed_at;
