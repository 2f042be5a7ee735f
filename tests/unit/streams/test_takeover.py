"""Where a partition goes on from, and when it may not."""

from __future__ import annotations

import pytest
from catalogues import SMALL
from ingest_doubles import (
    FIRST,
    PLACE,
    RecordingPositions,
    RecordingStore,
    done,
    fetched,
    good,
    running,
    until,
)

from millrace.schemas.errors import ConfigurationError
from millrace.streams.clock import SystemClock
from millrace.streams.ingest import Ingest
from millrace.streams.intent import Intent, parse_intent
from millrace.streams.takeover import start_of
from millrace.streams.telemetry import Telemetry
from millrace.streams.transport_thread import Committed, Fetched


async def test_events_that_the_log_forgot_are_named(caplog: pytest.LogCaptureFixture) -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    telemetry = Telemetry(SystemClock(), "worker")
    async with running(store, positions, telemetry=telemetry) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(done(store, 1))
        positions.start = 8
        ingest.add(fetched(10, [good(2)]))
        await until(done(store, 11))
    assert "Events of events-0 are lost: the log begins at offset 8" in caplog.text
    (lost,) = [e for e in telemetry.events({}) if e["name"] == "millrace.ingest.lost"]
    assert lost["measurements"] == {"count": 7}


async def test_what_was_lost_before_a_takeover_is_counted_once() -> None:
    store = RecordingStore()
    positions = RecordingPositions(store, Committed(0, ""))
    positions.start = 4
    telemetry = Telemetry(SystemClock(), "worker")
    async with running(store, positions, telemetry=telemetry) as ingest:
        ingest.add(fetched(4, [good(1)]))
        await until(done(store, 5))
    (lost,) = [e for e in telemetry.events({}) if e["name"] == "millrace.ingest.lost"]
    assert lost["measurements"] == {"count": 4}


async def test_an_open_range_that_the_log_forgot_is_not_guessed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = RecordingStore()
    intent = Intent(6, SMALL.fingerprint, "log").metadata()
    positions = RecordingPositions(store, Committed(0, intent))
    positions.start = 4
    async with running(store, positions) as ingest:
        ingest.add(fetched(4, [good(n) for n in range(9)]))
        await until(lambda: bool(positions.held))
    assert "[0, 6) was left open, but the log begins at 4" in caplog.text
    assert store.steps == []


async def test_a_log_that_is_shorter_than_what_was_read_stops_the_partition(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(5)]))
        await until(done(store, 5))
        Ingest.add(ingest, Fetched(FIRST, positions.reading, fetched(0, [good(9)]).records))
        await until(lambda: bool(positions.held))
    assert "was deleted and made anew" in caplog.text
    assert len(store.all("events")) == 5


async def test_a_partition_that_the_other_topics_do_not_have_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions, partitions=0) as ingest:
        ingest.add(fetched(0, [good(1)]))
        await until(lambda: bool(positions.held))
    assert "run millrace topics grow" in caplog.text
    assert store.steps == []


async def test_a_topic_that_was_made_anew_stops_the_partition_however_long_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = RecordingStore()
    positions = RecordingPositions(store)
    async with running(store, positions) as ingest:
        ingest.add(fetched(0, [good(n) for n in range(5)]))
        await until(done(store, 5))
        positions.topic = "another"
        ingest.add(fetched(5, [good(9)]))
        await until(lambda: bool(positions.held))
    assert "The topic events was deleted and made anew" in caplog.text
    assert len(store.all("events")) == 5


INTENT = Intent(20, "f", "log")


@pytest.mark.parametrize(
    ("committed", "intent", "ledger", "start"),
    [
        pytest.param(None, None, None, 7, id="nothing yet: the log's first"),
        pytest.param(Committed(10, ""), None, 10, 10, id="where the ledger ends"),
        pytest.param(Committed(10, "i"), INTENT, 10, 10, id="announced, not entered"),
        pytest.param(Committed(10, "i"), INTENT, 20, 10, id="entered, not committed"),
        pytest.param(Committed(0, "i"), INTENT, None, 0, id="the very first range"),
    ],
)
def test_where_a_partition_goes_on(
    committed: Committed | None, intent: Intent | None, ledger: int | None, start: int
) -> None:
    assert start_of(PLACE, committed, intent, ledger, 7) == start


@pytest.mark.parametrize("committed", [None, Committed(750, ""), Committed(0, "")])
def test_an_offset_of_the_topics_life_before_counts_for_nothing(
    committed: Committed | None,
) -> None:
    assert start_of(PLACE, committed, None, None, 7, anew=True) == 7
    assert start_of(PLACE, Committed(20, ""), None, 20, 7, anew=True) == 20
    assert start_of(PLACE, Committed(10, "i"), INTENT, None, 7, anew=True) == 10


@pytest.mark.parametrize(
    ("committed", "intent", "ledger"),
    [
        pytest.param(None, None, 10, id="the group's offsets have expired"),
        pytest.param(Committed(12, ""), None, 10, id="offsets ran ahead of the ledger"),
        pytest.param(Committed(8, ""), None, 10, id="offsets were set back"),
        pytest.param(Committed(8, ""), None, None, id="the store has been emptied"),
        pytest.param(Committed(10, "i"), INTENT, 15, id="an entry inside the open range"),
    ],
)
def test_anything_else_stops_the_partition(
    committed: Committed | None, intent: Intent | None, ledger: int | None
) -> None:
    with pytest.raises(ConfigurationError, match="events-0"):
        start_of(PLACE, committed, intent, ledger, 7)


@pytest.mark.parametrize(
    "metadata", ["x", "{}", '{"v":3,"end":1,"catalogue":"c","log":"l"}'], ids=str
)
def test_an_intent_that_cannot_be_read_is_not_passed_over(metadata: str) -> None:
    with pytest.raises(ConfigurationError, match="intent"):
        parse_intent(metadata)
