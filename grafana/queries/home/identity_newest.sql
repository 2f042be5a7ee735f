@newest_begin
        AND @identity
    @newest_middle
        AND @identity
@newest_end
