-- Takes back 0017_letter_jobs_values; a repeated redrive is judged as if no tag had any value.
ALTER TABLE letter_jobs ${on_cluster} DROP COLUMN values_end;
