@rate_begin
        AND @webapp
    @rate_end
