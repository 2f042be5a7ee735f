-- The first bucket that lies in the range as a whole, the one that holds its end, and the end of that.
toStartOfInterval($__fromTime + step - 1, toIntervalSecond(step)) AS first_bucket,
toStartOfInterval($__toTime, toIntervalSecond(step)) AS open_bucket,
open_bucket + step AS end_bucket
