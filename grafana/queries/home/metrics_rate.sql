@rate_begin
        AND @metrics
    @rate_end
