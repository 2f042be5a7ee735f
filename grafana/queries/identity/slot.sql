-- The bucket of a chart that a row of the rollups falls into.
if(monthly, toDateTime(toStartOfMonth(bucket), 'UTC'), toStartOfInterval(bucket, toIntervalSecond(step)))
