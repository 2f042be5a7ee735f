from __future__ import annotations

import pytest

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store

pytestmark = pytest.mark.integration


def test_x(store: Store) -> None:
    assert {entry.state for entry in migrate.status(store)} == {"up"}


def test_x2(store: Store) -> None:
    assert {entry.state for entry in migrate.status(store)} == {"up"}


def test_x3(store: Store) -> None:
    assert {entry.state for entry in migrate.status(store)} == {"up"}
