-- What a counter was raised by, whichever way its producer writes it.
measurement IN ('count', 'value')
