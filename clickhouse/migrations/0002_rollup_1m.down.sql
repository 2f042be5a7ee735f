-- Takes back 0002_rollup_1m: the view first, so that no insert meets a missing target.
DROP VIEW rollup_1m_view ${on_cluster} SYNC;
DROP TABLE rollup_1m ${on_cluster} SYNC;
