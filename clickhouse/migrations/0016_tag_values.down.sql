-- Takes back 0016_tag_values; every tag has its whole budget again.
DROP TABLE tag_overflows ${on_cluster} SYNC;
DROP TABLE tag_values ${on_cluster} SYNC;
