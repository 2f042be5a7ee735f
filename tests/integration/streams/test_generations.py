from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from millrace.clickhouse.client import Store
from millrace.streams import generations

pytestmark = pytest.mark.integration


class Ahead(datetime):
    """An hour ahead of everybody else."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Ahead:
        later = datetime.now(UTC) + timedelta(hours=1)
        return cls.fromtimestamp(later.timestamp(), tz)


def test_a_clock_that_is_behind_does_not_bring_an_old_life_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "datetime", Ahead)
    first = generations.settle(store, "topic", {0: 0}, "a" * 32)
    monkeypatch.undo()
    second = generations.settle(store, "topic", {0: 0}, "b" * 32)
    third = generations.settle(store, "topic", {0: 0}, "c" * 32)
    assert len({first, second, third}) == 3
    assert generations.settle(store, "topic", {0: 0}, "c" * 32) == third


def test_a_longer_log_with_another_id_is_another_life(store: Store) -> None:
    first = generations.settle(store, "topic", {0: 10}, "a" * 32)
    assert generations.settle(store, "topic", {0: 5}, "a" * 32) == first
    assert generations.settle(store, "topic", {0: 1_000}, "b" * 32) != first


def test_a_life_from_before_the_ids_gets_its_id(store: Store) -> None:
    first = generations.settle(store, "topic", {0: 10})
    assert generations.settle(store, "topic", {0: 10}, "a" * 32) == first
    assert generations.settle(store, "topic", {0: 10}, "b" * 32) != first
