-- As the shared one, with this dashboard's buckets.
WITH @grain
SELECT open_bucket AS time, end_bucket AS timeEnd, '{{Incomplete: this bucket is still filling}}' AS text, 'open bucket' AS tags
WHERE end_bucket > now() AND open_bucket <= $__toTime
LIMIT 1
