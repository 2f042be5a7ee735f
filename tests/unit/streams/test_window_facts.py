"""What is read of telemetry.windows, record by record, against workers and the definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from window_builders import LOG, NOON, OTHER_LOG, key, window
from window_lane import Lane, values
from window_reference import Event, Terms

from millrace.clickhouse.facts import Place
from millrace.clickhouse.window_checks import Content, WindowFacts
from millrace.schemas.errors import BrokerError
from millrace.schemas.window import Window, WindowProgress
from millrace.streams.settings import Settings, WindowSettings
from millrace.streams.window_facts import WindowReading, minutes_of
from millrace.streams.window_records import Standing, own_key, own_record
from millrace.streams.windows import Windows

PLACE = Place(LOG, "telemetry.events", 0)
START = int(NOON.timestamp())
SERIES = ("acme", "api.requests", "value", (("endpoint", "/api/users"),))


def record(**fields: Any) -> tuple[bytes, bytes]:
    """A record of a window of a minute."""
    one: Window = window(**{"size": 60, **fields})
    return key(one), one.model_dump_json().encode()


def reading(places: Sequence[Place] = (PLACE,), **fields: Any) -> WindowReading:
    return WindowReading(Settings(), places, **fields)


def told(*records: tuple[bytes, bytes | None], **fields: Any) -> WindowFacts:
    one = reading(**fields)
    one.take(PLACE, records)
    (facts,) = one.facts()
    return facts


def test_windows_of_a_minute_are_held_by_start_and_series() -> None:
    later = NOON + timedelta(minutes=1)
    facts = told(record(values=[1.0, 2.0, 4.5]), record(start=later), record(size=10))
    assert facts.windows == {
        START: {SERIES: Content(3, 7.5, 1.0, 4.5, 10)},
        START + 60: {SERIES: Content(2, 3.0, 1.0, 2.0, 10)},
    }
    assert (facts.through, facts.first, len(facts.minutes)) == (None, None, 0)


@pytest.mark.parametrize(
    ("more", "count"),
    [
        pytest.param(record(values=[1.0], through_offset=11), 1, id="a newer one"),
        pytest.param(record(values=[1.0], through_offset=10), 1, id="one as new"),
        pytest.param(record(values=[1.0], through_offset=9), 2, id="an older one"),
        pytest.param((record()[0], None), 0, id="none"),
        pytest.param(record(values=[1.0], log=OTHER_LOG), 0, id="one of another log"),
        pytest.param((b'{"a":{},60,7]', b"x"), 2, id="one with a key of nobody's"),
        pytest.param((b"x", b"x"), 2, id="one with no key of ours"),
    ],
)
def test_the_newest_record_counts(more: tuple[bytes, bytes | None], count: int) -> None:
    windows = told(record(), more).windows
    assert sum(one.values for minute in windows.values() for one in minute.values()) == count


def test_the_partitions_own_record_says_how_far_it_is() -> None:
    standing = Standing(50, START * 1_000_000, {}, {10: 3, 60: 7})
    own = own_record(LOG, 0, standing, Standing(0))
    facts = told(own)
    assert (facts.through, facts.first) == (50, 7)
    assert (facts.minutes.start, facts.minutes[-1]) == (START - 3600, START + 300 - 60)
    assert told(own, (own_key(0), None)).through is None
    assert told(own, own_record(OTHER_LOG, 0, standing, standing)).through is None
    assert told(own_record(LOG, 0, Standing(50), Standing(0))).first is None


def test_what_began_before_a_moment_is_left_out() -> None:
    own = own_record(LOG, 0, Standing(50, START * 1_000_000), Standing(0))
    records = own, record(), record(start=NOON + timedelta(minutes=1))
    facts = told(*records, since=NOON + timedelta(seconds=1))
    assert list(facts.windows) == [START + 60]
    assert facts.minutes.start == START + 60
    assert list(told(*records, since=NOON).windows) == [START, START + 60]


def test_of_too_many_windows_the_oldest_minutes_are_left_out() -> None:
    other = Place(LOG, "telemetry.events", 1)
    one = reading([PLACE, other], most=3)
    one.take(PLACE, [record(start=NOON + timedelta(minutes=n)) for n in (0, 1, 2)])
    one.take(other, [record(start=NOON + timedelta(minutes=n), partition=1) for n in (0, 1)])
    first, second = one.facts()
    assert (list(first.windows), list(second.windows)) == ([START + 60, START + 120], [START + 60])
    one.take(PLACE, [record(), record(start=NOON + timedelta(minutes=3))])
    assert sum(len(facts.windows) for facts in one.facts()) <= 3


def test_a_record_that_is_none_of_ours_is_said_so() -> None:
    with pytest.raises(BrokerError, match="one of ours"):
        told((record()[0], b"{}"))


TERMS = Terms((60,), lateness=10, ahead=5, correction=120)
settings = Settings(windows=WindowSettings(**TERMS._asdict(), idle=30))


@st.composite
def ranges(draw: st.DrawFn) -> list[list[Event]]:
    """Ranges of events of a few minutes, some of them in disorder."""
    offset, received = 0, START * 1000
    found = []
    for size in draw(st.lists(st.integers(0, 6), max_size=6)):
        events = []
        for _ in range(size):
            received += draw(st.sampled_from([0, 500, 20_000]))
            occurred = received * 1000 + draw(st.integers(-300, 300)) * 1_000_000
            tags = draw(st.sampled_from([(), (("route", "/"),)]))
            number = float(draw(st.integers(-5, 5)))
            made = Event(offset, received, occurred, "acme", "api", tags, {"value": number})
            events.append(made)
            offset += 1
        found.append(events)
    return found


@given(ranges(), st.lists(st.sampled_from([None, 40, 400]), max_size=6), st.integers(0, 6))
def test_what_workers_publish_holds_every_event_of_its_minutes(
    found: list[list[Event]], waits: list[float | None], restart: int
) -> None:
    lane = Lane(TERMS)
    one = WindowReading(settings, [Place("log", "telemetry.events", 0)])
    for number, events in enumerate(found):
        if number == restart:
            lane.restart()
        lane.advance(events, events[-1].offset + 1 if events else lane.position)
        wait = waits[number] if number < len(waits) else None
        if wait is not None:
            lane.wait(wait)
    one.take(Place("log", "telemetry.events", 0), list(lane.topic.held.items()))
    (facts,) = one.facts()
    expected: dict[int, dict[Any, list[float]]] = {}
    for event in lane.stored:
        minute = event.occurred_us // 60_000_000 * 60
        series = (event.tenant, event.name, "value", event.tags)
        expected.setdefault(minute, {}).setdefault(series, []).append(event.measurements["value"])
    if lane.stored:
        assert (facts.through, facts.first) == (lane.position, 0)
        assert max(expected) < facts.minutes.stop
    for minute in {*expected, *facts.windows}:
        if facts.must_have(minute):
            assert counted(facts.windows.get(minute, {})) == {
                series: (len(numbers), sum(numbers), min(numbers), max(numbers))
                for series, numbers in expected.get(minute, {}).items()
            }


def counted(windows: Mapping[Any, Content]) -> dict[Any, tuple[Any, ...]]:
    return {series: found[:4] for series, found in windows.items()}


def first_offsets(records: Sequence[tuple[bytes, bytes | None]]) -> Mapping[int, int]:
    own = dict(records)[own_key(0)]
    assert own is not None
    return WindowProgress.model_validate_json(own).now.first_offsets


def test_windows_say_from_which_offset_on_they_hold_everything() -> None:
    windows = Windows(WindowSettings(sizes=(60,)), LOG, 0)
    windows.load({}, 40)
    records = windows.advance(values([]), 50).records
    assert first_offsets(records) == {60: 40}
    known = {name: value for name, value in records if value is not None}
    again = Windows(WindowSettings(sizes=(10, 60)), LOG, 0)
    again.load(known, 50)
    assert first_offsets(again.advance(values([]), 60).records) == {10: 50, 60: 40}


def test_the_minutes_of_a_watermark() -> None:
    at = int(datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC).timestamp()) * 1_000_000
    found = minutes_of(at, WindowSettings(correction=60, lateness=10, ahead=5))
    # Of 11:58 no event would be taken any more; 12:05:25 is the newest that there can be.
    assert (found[0], found[-1]) == (START - 60, START + 300)
