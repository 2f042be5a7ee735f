-- Takes back 0020_rollups; no data is lost.
DROP VIEW rollups ${on_cluster};
