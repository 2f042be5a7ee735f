@newest_begin
        AND @metrics
    @newest_middle
        AND @metrics
@newest_end
