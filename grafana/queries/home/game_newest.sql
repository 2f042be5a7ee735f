@newest_begin
        AND @game
    @newest_middle
        AND @game
@newest_end
