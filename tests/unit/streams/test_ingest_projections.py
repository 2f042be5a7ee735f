"""Where in the protocol of a partition its windows and live values are published."""

from __future__ import annotations

import asyncio

import pytest
from catalogues import SMALL
from ingest_doubles import (
    RecordingPositions,
    RecordingStore,
    SteppedClock,
    done,
    fetched,
    good,
    running,
    until,
)
from topic_doubles import LIVE, WINDOWS, Topics

from millrace.schemas.errors import BrokerError
from millrace.streams import partition
from millrace.streams.intent import Intent
from millrace.streams.transport_thread import Committed


def noting(store: RecordingStore) -> Topics:
    """Topics that write what is published among the store's steps."""
    topics = Topics()
    topics.before_publish = lambda topic: store.steps.append(f"publish {topic}")
    return topics


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a partition without records look at the time all the time."""
    monkeypatch.setattr(partition, "_LOOK_SECONDS", 0.01)


async def test_windows_go_out_between_the_rows_and_the_commit() -> None:
    store = RecordingStore()
    topics = noting(store)
    clock = SteppedClock()
    async with running(
        store, RecordingPositions(store), project=lambda tp: topics.projections(clock)
    ) as ingest:
        ingest.add(fetched(0, [good(1, kind="counter"), good(2, kind="counter")]))
        await until(done(store, 2))
    steps = [step for step in store.steps if not step.startswith("insert tag")]
    assert steps[:2] == ["commit 0 until 2", "insert events log:events:0:0-2"]
    assert sorted(steps[2:-1]) == [
        "insert ingest_ledger log:events:0:0-2",
        f"publish {LIVE}",
        f"publish {WINDOWS}",
    ]
    assert steps[-1] == "commit 2"


async def test_rows_that_the_store_refuses_are_in_no_window() -> None:
    store = RecordingStore()
    store.poison = {1}
    topics, clock = noting(store), SteppedClock()
    async with running(
        store, RecordingPositions(store), project=lambda tp: topics.projections(clock)
    ) as ingest:
        ingest.add(fetched(0, [good(number, kind="counter") for number in (1, 2, 4)]))
        await until(done(store, 3))
    found = [one for one in topics.held(WINDOWS).values() if "size" in one]
    assert {(one["count"], one["sum"]) for one in found} == {(2, 5.0)}


async def test_nothing_is_committed_while_the_topics_are_away() -> None:
    store = RecordingStore()
    topics, clock, tries = Topics(), SteppedClock(), list[str]()

    def away(topic: str) -> None:
        tries.append(topic)
        raise BrokerError("a record does not fit")

    topics.before_publish = away
    positions = RecordingPositions(store)
    async with running(store, positions, project=lambda tp: topics.projections(clock)) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(lambda: bool(tries) and bool(positions.held))
    assert "commit 1" not in store.steps
    assert positions.now is not None
    assert positions.now.metadata


@pytest.mark.usefixtures("often")
async def test_the_clock_closes_windows_when_nothing_comes() -> None:
    store = RecordingStore()
    topics, clock = Topics(), SteppedClock()
    positions = RecordingPositions(store)
    async with running(
        store, positions, clock=clock, project=lambda tp: topics.projections(clock)
    ) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(done(store, 1))
        clock.seconds += 300
        await until(lambda: all(o.get("final", True) for o in topics.held(WINDOWS).values()))
    found = [one for one in topics.held(WINDOWS).values() if "size" in one]
    assert len(found) == 2
    assert positions.now == Committed(1, "")


@pytest.mark.usefixtures("often")
async def test_an_open_range_is_left_alone_until_it_is_repeated() -> None:
    store = RecordingStore()
    topics, clock = Topics(), SteppedClock()
    async with running(
        store, RecordingPositions(store), project=lambda tp: topics.projections(clock)
    ) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(done(store, 1))
    intent = Intent(2, SMALL.fingerprint, "log").metadata()
    positions = RecordingPositions(store, Committed(1, intent))
    clock.seconds += 300  # windows are to be closed
    async with running(store, positions, project=lambda tp: topics.projections(clock)) as ingest:
        await asyncio.sleep(0.1)
        assert positions.now == Committed(1, intent)
        ingest.add(fetched(1, [good(2)]))
        await until(done(store, 2))
    found = [one for one in topics.held(WINDOWS).values() if "size" in one]
    assert {one["count"] for one in found} == {2}
