"""The contract: events, dead letters, ledger and window models, limits and the catalogue."""
