@rate_begin
        AND @game
    @rate_end
