@newest_begin
        AND @links
    @newest_middle
        AND @links
@newest_end
