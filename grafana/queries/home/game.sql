-- What a game server sends.
startsWith(r.name, 'bezgelor.')
