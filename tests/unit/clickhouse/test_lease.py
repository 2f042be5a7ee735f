from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from millrace.clickhouse.lease import LeaseHeld, lease
from millrace.schemas.errors import StoreError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class TokenStore:
    """Keeps the first row of a token, as the store does; fails on demand."""

    def __init__(self) -> None:
        self.inserted: dict[str, dict[str, Any]] = {}
        self.failing = False

    def command(self, sql: str) -> None:
        assert "CREATE TABLE IF NOT EXISTS leases" in sql
        assert "${" not in sql

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        if self.failing:
            raise StoreError("The store did not answer")
        (row,) = batch.to_pylist()
        self.inserted.setdefault(token, row)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        assert parameters is not None
        found = [
            (row["term"], row["owner"], row["holder"], row["until"])
            for row in self.inserted.values()
            if row["name"] == parameters["name"]
            and row["term"] == parameters.get("term", row["term"])
        ]
        return sorted(found, reverse=True)[:1]


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def test_a_held_lease_is_refused_with_owner_and_time() -> None:
    store, watch = TokenStore(), Watch()
    with (
        lease(store, "x", owner="host-a", seconds=60, now=watch),
        pytest.raises(LeaseHeld, match="x is held by host-a until 2026-11-20 12:01:00 UTC"),
        lease(store, "x", owner="host-a", seconds=60, now=watch),
    ):
        pass


def test_another_name_is_another_lease() -> None:
    store, watch = TokenStore(), Watch()
    with (
        lease(store, "x", owner="a", seconds=60, now=watch),
        lease(store, "y", owner="b", seconds=60, now=watch),
    ):
        pass


def test_released_at_the_end_even_after_an_error() -> None:
    store, watch = TokenStore(), Watch()
    with (
        pytest.raises(ValueError, match="inside"),
        lease(store, "x", owner="a", seconds=60, now=watch),
    ):
        raise ValueError("inside")
    with lease(store, "x", owner="b", seconds=60, now=watch):
        pass


def test_renewal_moves_the_end() -> None:
    store, watch = TokenStore(), Watch()
    with lease(store, "x", owner="a", seconds=60, now=watch) as held:
        watch.wait(50)
        held.renew()
        watch.wait(50)
        with pytest.raises(LeaseHeld), lease(store, "x", owner="b", seconds=60, now=watch):
            pass
        assert held.until == NOON + timedelta(seconds=110)


def test_expired_lease_is_taken_and_the_first_holder_finds_out() -> None:
    store, watch = TokenStore(), Watch()
    with lease(store, "x", owner="a", seconds=60, now=watch) as first:
        watch.wait(60)
        with lease(store, "x", owner="b", seconds=60, now=watch) as second:
            with pytest.raises(LeaseHeld, match="held by b"):
                first.renew()
            second.renew()
    with lease(store, "x", owner="c", seconds=60, now=watch):
        pass


def test_expired_but_not_taken_may_be_renewed() -> None:
    store, watch = TokenStore(), Watch()
    with lease(store, "x", owner="a", seconds=60, now=watch) as held:
        watch.wait(600)
        held.renew()


def test_the_end_of_a_lost_lease_leaves_the_new_holder_alone() -> None:
    store, watch = TokenStore(), Watch()
    with lease(store, "x", owner="a", seconds=60, now=watch):
        watch.wait(60)
        second = lease(store, "x", owner="b", seconds=60, now=watch)
        second.__enter__()
    with (
        pytest.raises(LeaseHeld, match="held by b"),
        lease(store, "x", owner="c", seconds=60, now=watch),
    ):
        pass


def test_release_that_fails_does_not_hide_what_happened(caplog: pytest.LogCaptureFixture) -> None:
    store, watch = TokenStore(), Watch()

    def fail() -> None:
        with lease(store, "x", owner="a", seconds=60, now=watch):
            store.failing = True
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert "The lease x ends at" in caplog.text


def test_rows_deleted_by_hand_are_named() -> None:
    store, watch = TokenStore(), Watch()
    with lease(store, "x", owner="a", seconds=60, now=watch):
        pass
    store.inserted = {token: {**row, "name": ""} for token, row in store.inserted.items()}
    with (
        pytest.raises(StoreError, match="drop the table leases"),
        lease(store, "x", owner="a", seconds=60, now=watch),
    ):
        pass
