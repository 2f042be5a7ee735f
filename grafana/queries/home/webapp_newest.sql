@newest_begin
        AND @webapp
    @newest_middle
        AND @webapp
@newest_end
