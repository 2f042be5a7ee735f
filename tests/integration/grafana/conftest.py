"""A store with a quarter of an hour of telemetry."""

from __future__ import annotations

import pytest
from dashboard_seed import Seeded, seed

from millrace.clickhouse.client import Store


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return seed(store)
