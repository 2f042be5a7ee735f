-- Takes back 0011_buckets; no data is lost.
DROP VIEW buckets_1m ${on_cluster};
DROP VIEW buckets_5m ${on_cluster};
DROP VIEW buckets_1h ${on_cluster};
DROP VIEW buckets_1d ${on_cluster};
