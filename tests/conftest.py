"""Fixtures for every test; each lives with the part it starts."""

from hypothesis import settings

pytest_plugins = ("store_fixtures", "kafka_fixtures", "preview_fixtures")

# A slow machine is no failure: nothing here is timed.
settings.register_profile("millrace", deadline=None)
settings.load_profile("millrace")
