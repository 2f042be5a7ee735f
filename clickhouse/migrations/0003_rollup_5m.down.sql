-- Takes back 0003_rollup_5m: the view first, so that no insert meets a missing target.
DROP VIEW rollup_5m_view ${on_cluster} SYNC;
DROP TABLE rollup_5m ${on_cluster} SYNC;
