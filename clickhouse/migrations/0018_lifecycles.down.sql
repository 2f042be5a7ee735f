-- Takes back 0018_lifecycles: the view first. What the raw events have forgotten is lost for good.
DROP VIEW lifecycles_view ${on_cluster} SYNC;
DROP TABLE lifecycles ${on_cluster} SYNC;
