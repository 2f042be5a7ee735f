-- Takes back 0005_rollup_1d: the view first, so that no insert meets a missing target.
DROP VIEW rollup_1d_view ${on_cluster} SYNC;
DROP TABLE rollup_1d ${on_cluster} SYNC;
