@rate_begin
        AND @identity
    @rate_end
