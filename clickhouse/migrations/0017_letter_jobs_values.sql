-- The values that a redrive was judged by are those below this offset: its repeat is judged by the same.
ALTER TABLE letter_jobs ${on_cluster} ADD COLUMN values_end UInt64 DEFAULT 0 AFTER block;
