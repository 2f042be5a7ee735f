"""The protocol of a partition, step by step, with a store and a broker that fail on demand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pyarrow as pa
import pytest
from catalogues import SMALL
from ingest_doubles import (
    FIRST,
    NOW,
    PLACE,
    SECOND,
    RecordingPositions,
    RecordingStore,
    SteppedClock,
    done,
    fetched,
    good,
    running,
    until,
)

from millrace.schemas.errors import StoreError
from millrace.streams.ingest import Ingest
from millrace.streams.intent import Intent, parse_intent
from millrace.streams.transport_thread import Committed, Fetched, Membership


async def test_a_range_is_announced_stored_entered_and_then_committed() -> None:
    store = RecordingStore()
    async with running(store, RecordingPositions(store)) as ingest:
        ingest.add(fetched(0, [good(1), b"{", good(2)]))
        await until(done(store, 3))
    first, *middle, ledger, last = store.steps
    assert first == "commit 0 until 3"
    assert sorted(middle) == [
        "insert dead_letters log:events:0:0-3",
        "insert events log:events:0:0-3",
        "publish 1",
    ]
    assert (ledger, last) == ("insert ingest_ledger log:events:0:0-3", "commit 3")
    (entry,) = store.all("ingest_ledger")
    assert (entry["delivered"], entry["stored"], entry["rejected"]) == (3, 2, 1)
    assert entry["flushed_at"].tzinfo is not None


@pytest.mark.requirement("METRIC-66")
async def test_a_range_ends_at_the_row_limit() -> None:
    store = RecordingStore()
    async with running(store, RecordingPositions(store), max_rows=2) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(5)]))
        await until(done(store, 5))
    assert list(store.tables["events"]) == [f"log:events:0:{r}" for r in ("0-2", "2-4", "4-5")]


async def test_offset_gaps_are_inside_ranges_so_that_ranges_stay_contiguous() -> None:
    store = RecordingStore()
    async with running(store, RecordingPositions(store)) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(done(store, 1))
        ingest.add(fetched(7, [good(2)]))
        await until(done(store, 8))
    assert list(store.tables["ingest_ledger"]) == ["log:events:0:0-1", "log:events:0:1-8"]


@pytest.mark.parametrize("cuts", [(10,), (1, 10), (3, 6, 10), (4, 5, 6, 10)], ids=str)
async def test_an_open_range_is_repeated_exactly_whatever_is_fetched(cuts: tuple[int, ...]) -> None:
    records = [good(n) for n in range(10)]
    whole = RecordingStore()
    async with running(whole, RecordingPositions(whole), max_rows=6) as ingest:
        ingest.add(fetched(0, records))
        await until(done(whole, 10))
    store = RecordingStore()
    open_range = Committed(0, Intent(6, SMALL.fingerprint, "log").metadata())
    async with running(store, RecordingPositions(store, open_range), max_rows=6) as ingest:
        start = 0
        for cut in cuts:
            ingest.add(fetched(start, records[start:cut]))
            await asyncio.sleep(0.02)
            start = cut
        await until(done(store, 10))
    assert store.steps[:2] == ["commit 0 until 6", "insert events log:events:0:0-6"]
    assert store.tables["events"]["log:events:0:0-6"].equals(
        whole.tables["events"]["log:events:0:0-6"]
    )


async def test_an_open_range_longer_than_todays_is_repeated_all_the_same() -> None:
    store = RecordingStore()
    open_range = Committed(0, Intent(8, SMALL.fingerprint, "log").metadata())
    async with running(store, RecordingPositions(store, open_range), max_rows=2) as ingest:
        for first in range(0, 10, 2):
            ingest.add(fetched(first, [good(first), good(first + 1)]))
        await until(done(store, 10))
    assert list(store.tables["events"]) == ["log:events:0:0-8", "log:events:0:8-10"]


@pytest.mark.requirement("METRIC-67")
async def test_a_store_that_is_away_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    store = RecordingStore(*[StoreError("The store is away", 0)] * 3)
    async with running(store, RecordingPositions(store)) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(done(store, 1))
    assert len(store.all("events")) == 1
    assert "trying again" in caplog.text


async def test_an_error_that_does_not_pass_loses_nothing_and_is_logged_as_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = RecordingStore(StoreError("Type mismatch", 53))
    async with running(store, RecordingPositions(store)) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(done(store, 1))
    assert [r.levelname for r in caplog.records if "needs a hand" in r.message] == ["ERROR"]


async def test_a_fenced_worker_commits_nothing_more() -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(done(store, 1))
        positions.fenced = True
        ingest.add(fetched(1, [good(2)]))
        await asyncio.sleep(0.1)
    assert positions.now == Committed(1, "")
    assert len(store.all("events")) == 1


async def test_a_rebalance_abandons_the_range_in_flight() -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    release = asyncio.Event()

    def gate() -> None:
        loop.call_soon_threadsafe(started.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

    store.gate = gate
    async with running(store, positions) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await started.wait()
        ingest.revoked()
        release.set()
        await asyncio.sleep(0.05)
        assert positions.now is not None
        assert positions.now.offset == 0
        assert parse_intent(positions.now.metadata) == Intent(1, SMALL.fingerprint, "log")
        store.gate = lambda: None
        ingest.assigned({PLACE}, SECOND)
        ingest.add(fetched(0, [good(1)], SECOND))
        await until(done(store, 1))
    assert len(store.all("events")) == 1


async def test_a_fetch_of_an_older_membership_or_reading_is_dropped() -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions) as ingest:
        before = positions.reading
        ingest.assigned({PLACE}, SECOND)
        await until(lambda: positions.reading > before)
        stale = fetched(0, [good(1)]).records
        Ingest.add(ingest, Fetched(FIRST, positions.reading, stale))
        Ingest.add(ingest, Fetched(SECOND, before, stale))
        await asyncio.sleep(0.05)
        assert store.steps == []


async def test_a_fetch_that_was_lost_on_its_way_is_fetched_again() -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions) as ingest:
        positions.attach(lambda fetched: None)
        ingest.add(fetched(0, [good(0), good(1)]))
        positions.attach(partial(Ingest.add, ingest))
        ingest.add(fetched(2, [good(2)]))
        await until(done(store, 3))
    assert [row["offset"] for row in store.all("events")] == [0, 1, 2]


async def test_a_partition_without_a_commit_is_read_from_the_start_of_its_log() -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    positions.start = 4
    async with running(store, positions) as ingest:
        assert positions.next == 4
        ingest.add(fetched(4, [good(4)]))
        await until(done(store, 5))
    assert list(store.tables["events"]) == ["log:events:0:4-5"]


async def test_a_repeated_id_is_a_duplicate_also_after_a_takeover() -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions) as ingest:
        ingest.add(fetched(0, [good(1), good(2), good(1)]))
        await until(done(store, 3))
        ingest.assigned({PLACE}, SECOND)
        ingest.add(fetched(3, [good(2), good(3)], SECOND))
        await until(done(store, 5))
    assert [row["offset"] for row in store.all("events")] == [0, 1, 4]
    assert [row["duplicate"] for row in store.all("ingest_ledger")] == [1, 1]


async def test_a_full_partition_is_not_fetched_until_it_has_room() -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions, max_rows=2) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(9)]))
        assert positions.held == {PLACE}
        await until(done(store, 9))
        assert positions.held == set()


async def test_a_range_ends_before_it_touches_too_many_store_partitions() -> None:
    store = RecordingStore()
    times = [(NOW - timedelta(hours=20 * n)).isoformat().replace("+00:00", "Z") for n in range(109)]
    assert len({time[:10] for time in times}) == 91
    async with running(store, RecordingPositions(store)) as ingest:
        ingest.add(fetched(0, [good(n, occurred_at=t) for n, t in enumerate(times)]))
        await until(done(store, 109))
    batches = list(store.tables["events"].values())
    days = [{row["occurred_at"].date() for row in batch.to_pylist()} for batch in batches]
    assert [len(found) for found in days] == [90, 1]


@pytest.mark.requirement("METRIC-68")
async def test_draining_flushes_what_waits_for_more() -> None:
    store = RecordingStore()
    async with running(store, RecordingPositions(store), max_seconds=60) as ingest:
        ingest.add(fetched(0, [good(1)]))
        assert await ingest.drain(30)
        assert len(store.all("events")) == 1


async def test_after_a_repeat_alone_there_is_nothing_to_drain() -> None:
    store = RecordingStore()
    open_range = Committed(0, Intent(3, SMALL.fingerprint, "log").metadata())
    async with running(store, RecordingPositions(store, open_range)) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(3)]))
        await until(done(store, 3))
        assert await ingest.drain(30)


async def test_draining_gives_up_when_the_store_is_away() -> None:
    store = RecordingStore(*[StoreError("The store is away", 0)] * 10_000)
    positions = RecordingPositions(store)

    async def slow(_: float) -> None:
        await asyncio.sleep(0.01)

    async with running(store, positions, sleep=slow) as ingest:
        ingest.add(fetched(0, [good(1)]))
        assert not await ingest.drain(0.2)
    assert positions.now is not None
    assert positions.now.metadata, "the intent stays for whoever comes next"


async def test_a_partition_that_cannot_go_on_says_so_and_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = RecordingStore()
    positions = RecordingPositions(store, Committed(5, ""))
    store.tables["ingest_ledger"] = {
        "x": pa.RecordBatch.from_pylist([{"end_offset": 9}]),
    }
    async with running(store, positions) as ingest:
        ingest.add(fetched(5, [good(1)]))
        await until(lambda: bool(positions.held))
    assert "events-0 is stopped" in caplog.text
    assert "reset the group's offset to 9" in caplog.text
    assert store.steps == []


@pytest.mark.parametrize(
    "other",
    [pytest.param(Membership(1, "another"), id="member"), pytest.param(SECOND, id="generation")],
)
async def test_a_commit_counts_only_as_whom_the_partition_was_assigned(other: Membership) -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions) as ingest:
        positions.member = other
        ingest.add(fetched(0, [good(1)]))
        await asyncio.sleep(0.1)
    assert store.steps == [], "nothing is stored whose intent was not taken"


async def test_a_range_that_has_waited_too_long_is_sent_only_if_it_is_still_ours() -> None:
    clock = SteppedClock()
    store = RecordingStore(StoreError("The store is away", 0))
    positions = RecordingPositions(store)

    async def asleep(_: float) -> None:
        clock.seconds += 4.0  # fresh no more at the second attempt after this one
        await asyncio.sleep(0)

    async with running(store, positions, sleep=asleep, clock=clock) as ingest:
        store.errors *= 3
        ingest.add(fetched(0, [good(1)]))
        await until(done(store, 1))
    assert store.steps.count("commit 0 until 1") >= 2, "announced anew before it is sent"
    assert len(store.all("events")) == 1


async def test_a_stale_flush_of_a_lost_partition_is_never_sent() -> None:
    clock = SteppedClock()
    store = RecordingStore(StoreError("The store is away", 0))
    positions = RecordingPositions(store)

    async def stopped(_: float) -> None:
        clock.seconds += 60.0
        positions.member = SECOND
        await asyncio.sleep(0)

    async with running(store, positions, sleep=stopped, clock=clock) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(lambda: positions.member == SECOND)
        await asyncio.sleep(0.1)
    assert store.steps == ["commit 0 until 1"]
