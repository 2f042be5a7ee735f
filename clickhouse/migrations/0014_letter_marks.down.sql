-- Takes back 0014_letter_marks; which letters were redriven or purged is forgotten.
DROP TABLE letter_jobs ${on_cluster} SYNC;
DROP TABLE letter_marks ${on_cluster} SYNC;
