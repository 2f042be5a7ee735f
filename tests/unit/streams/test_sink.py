"""Rows that the store can never take: dead letters, and the same ones in every repeat."""

from __future__ import annotations

import asyncio

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

from millrace.schemas.errors import StoreError
from millrace.streams.intent import Intent
from millrace.streams.transport_thread import Committed


async def test_rows_that_the_store_never_takes_become_dead_letters_beside_the_good() -> None:
    store = RecordingStore()
    store.poison = {2, 5}
    positions = RecordingPositions(store)
    async with running(store, positions) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(7)] + [b"{"]))
        await until(done(store, 8))
    assert [row["offset"] for row in store.all("events")] == [0, 1, 3, 4, 6]
    letters = {row["offset"]: row for row in store.all("dead_letters")}
    assert sorted(letters) == [2, 5, 7]
    assert letters[2]["reason"] == "invalid_field"
    assert letters[2]["name"] == "a.b"
    (entry,) = store.all("ingest_ledger")
    assert (entry["stored"], entry["rejected"], entry["refused"]) == (5, 3, [2, 5])


async def test_a_repeat_leaves_out_what_the_store_refused_before_the_crash() -> None:
    intent = Intent(4, SMALL.fingerprint, "log", refused=(1,))
    store = RecordingStore()
    async with running(store, RecordingPositions(store, Committed(0, intent.metadata()))) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(4)]))
        await until(done(store, 4))
    assert [row["offset"] for row in store.all("events")] == [0, 2, 3]
    assert [row["offset"] for row in store.all("dead_letters")] == [1]


async def test_when_no_row_is_at_fault_none_is_refused() -> None:
    store = RecordingStore(StoreError("The view throws", 395), StoreError("The view throws", 395))
    async with running(store, RecordingPositions(store)) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(150)]))
        await until(done(store, 150))
    assert len(store.all("events")) == 150
    store = RecordingStore()
    store.poison = set(range(150))
    async with running(store, RecordingPositions(store)) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(150)]))
        await asyncio.sleep(0.3)
    assert not store.all("dead_letters"), "more than any event's fault"
    assert not store.all("ingest_ledger")
