"""Budgets through the protocol: whoever repeats a range comes to the same verdicts."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ingest_doubles
import pyarrow as pa
import pytest
from catalogues import SMALL
from ingest_doubles import (
    RecordingPositions,
    RecordingStore,
    done,
    fetched,
    good,
    running,
    until,
)

from millrace.schemas.catalogue import OverBudget
from millrace.streams.budgets import OVERFLOW
from millrace.streams.transport_thread import Membership

POLICIES = {"default": OverBudget.REFUSE, "game": OverBudget.OVERFLOW, "web": OverBudget.OVERFLOW}
TIGHT = replace(
    SMALL,
    namespaces={
        name: replace(SMALL.namespaces[name], series_budget=3, over_budget=policy)
        for name, policy in POLICIES.items()
    },
    fingerprint="tight",
)
#: Six values of two names by turns, three too many of each; one repeats an id with a new value.
RECORDS = [
    *(
        good(n, name=("m", "game.login")[n % 2], tags={"zone": f"z{n // 2 * 7 % 6}"})
        for n in range(12)
    ),
    good(0, name="game.login", tags={"zone": "z9"}),
]
TABLES = ("events", "dead_letters", "tag_values", "tag_overflows")


@pytest.fixture(autouse=True)
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_doubles, "SMALL", TIGHT)


class RepeatingStore(RecordingStore):
    """Also keeps each insert that came again under its token."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[tuple[str, str], list[pa.RecordBatch]] = defaultdict(list)

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        super().insert(table, batch, token)
        if "_probe_" not in table and table != "ingest_ledger":
            self.sent[table, token].append(batch)


class DyingPositions(RecordingPositions):
    """Never gets as far as the commit of one offset, while it is alive at all."""

    def __init__(self, store: RecordingStore, dies_at: int) -> None:
        super().__init__(store)
        self.dies_at = dies_at

    async def commit(self, tp: Any, offset: int, metadata: str, membership: Membership) -> None:
        if offset == self.dies_at and not metadata:
            await asyncio.Event().wait()
        await super().commit(tp, offset, metadata, membership)


def rows_of(store: RecordingStore) -> dict[str, list[dict[str, Any]]]:
    return {table: store.all(table) for table in TABLES}


def entered(store: RecordingStore, span: str) -> Callable[[], bool]:
    return lambda: f"insert ingest_ledger log:events:0:{span}" in store.steps


async def whole(size: int) -> RecordingStore:
    store = RecordingStore()
    async with running(store, RecordingPositions(store), max_rows=size) as ingest:
        ingest.add(fetched(0, RECORDS))
        await until(done(store, len(RECORDS)))
    return store


def decided(store: RecordingStore) -> tuple[Any, ...]:
    """What became of each record, without the ranges that it came in."""
    return (
        [(row["offset"], dict(row["tags"])) for row in store.all("events")],
        [(row["offset"], row["reason"], row["field"]) for row in store.all("dead_letters")],
        [(row["name"], row["value"], row["offset"]) for row in store.all("tag_values")],
        sum(row["overflowed"] for row in store.all("tag_overflows")),
        sum(row["refused"] for row in store.all("tag_overflows")),
    )


async def test_the_verdicts_do_not_depend_on_the_ranges() -> None:
    found = [decided(await whole(size)) for size in (50, 4, 1)]
    assert found[0] == found[1] == found[2]
    rows, letters, values, overflowed, refused = found[0]
    assert [offset for offset, *_ in letters] == [6, 8, 10]
    assert {reason for _, reason, _ in letters} == {"tag_values_exceeded"}
    assert [tags["zone"] == OVERFLOW for offset, tags in rows if offset % 2] == [False] * 3 + [
        True
    ] * 3
    # The repeated id is a duplicate, but it overflowed before that was looked at.
    assert (len(values), overflowed, refused) == (6, 4, 3)


@pytest.mark.parametrize("size", [1, 4, 6, 50])
async def test_killed_before_the_commit_and_repeated(size: int) -> None:
    expected = rows_of(await whole(size))
    for end in range(size, len(RECORDS) + size, size):
        dies_at = min(end, len(RECORDS))
        store = RepeatingStore()
        positions = DyingPositions(store, dies_at)
        async with running(store, positions, max_rows=size) as ingest:
            ingest.add(fetched(0, RECORDS))
            await until(entered(store, f"{end - size}-{dies_at}"))
        positions.dies_at = -1
        async with running(store, positions, max_rows=size):
            await until(done(store, len(RECORDS)))
        assert rows_of(store) == expected
        repeated = [sent for sent in store.sent.values() if len(sent) > 1]
        assert repeated or dies_at == 0
        assert all(one.equals(sent[0]) for sent in repeated for one in sent)


async def test_rows_that_the_store_cannot_take_leave_the_values_as_they_were() -> None:
    store = RepeatingStore()
    store.poison = {0, 5}
    async with running(store, RecordingPositions(store)) as ingest:
        ingest.add(fetched(0, RECORDS))
        await until(done(store, len(RECORDS)))
    assert store.all("tag_values") == (await whole(50)).all("tag_values")
    sent = store.sent["tag_values", f"log:events:0:0-{len(RECORDS)}"]
    assert len(sent) == 2
    assert sent[0].equals(sent[1])
