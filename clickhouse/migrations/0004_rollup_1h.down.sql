-- Takes back 0004_rollup_1h: the view first, so that no insert meets a missing target.
DROP VIEW rollup_1h_view ${on_cluster} SYNC;
DROP TABLE rollup_1h ${on_cluster} SYNC;
