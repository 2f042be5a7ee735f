-- What a web application sends.
startsWith(r.name, 'webapp.')
