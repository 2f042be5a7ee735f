-- Takes back 0009_catalogues with everything in it.
DROP TABLE catalogues ${on_cluster} SYNC;
