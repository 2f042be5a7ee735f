@rate_begin
        AND @links
    @rate_end
