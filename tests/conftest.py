"""Fixtures for every test; each lives with the part it starts."""

pytest_plugins = ("store_fixtures", "kafka_fixtures")
