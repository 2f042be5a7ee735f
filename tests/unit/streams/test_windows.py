"""Windows hold what the definition says, wherever ranges are cut and workers die."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from window_lane import Lane, Record, place_of, values
from window_reference import SECOND, Event, Place, Terms, merged

from millrace.schemas.errors import BrokerError
from millrace.schemas.window import Window
from millrace.streams.settings import WindowSettings
from millrace.streams.window_merge import merge
from millrace.streams.windows import Windows

#: A multiple of every size, in Unix seconds.
T0 = 1_800_000_000
SERIES = [("shop", "page", ()), ("shop", "page", (("route", "/a"),)), ("other", "page", ())]
WEEK = 7 * 86_400
TERMS = Terms(sizes=(10,), lateness=2, ahead=5, correction=20)


def event(offset: int, second: float, value: float = 1.0, *, received: float = 100) -> Event:
    """An event of T0 plus so many seconds, received long after it unless a test says when."""
    tenant, name, tags = SERIES[0]
    occurred, came = round((T0 + second) * SECOND), round((T0 + received) * 1000)
    return Event(offset, came, occurred, tenant, name, tags, {"value": value})


@dataclass(frozen=True)
class Range:
    """So many events to the next commit, and workers that die on the way there."""

    events: int
    deaths: Sequence[Sequence[bool]] = ()


@dataclass(frozen=True)
class Wait:
    """Seconds without an event; ``survive`` records get out before the worker dies."""

    seconds: float
    survive: int | None = None


numbers = st.one_of(
    st.integers(-2000, 2000).map(lambda number: number / 4),
    st.floats(-1e38, 1e38, allow_nan=False, allow_infinity=False),
)
measurements = st.dictionaries(st.sampled_from("ab"), numbers, min_size=1)
terms = st.builds(
    Terms,
    sizes=st.sampled_from([(2,), (2, 6), (3, 4)]),
    lateness=st.sampled_from([0, 0.5, 3]),
    ahead=st.sampled_from([0, 2]),
    correction=st.sampled_from([0, 1, 5, 3600]),
)
steps = st.one_of(
    st.builds(
        Range,
        st.integers(0, 8),
        st.lists(st.lists(st.booleans(), min_size=1, max_size=7), max_size=2),
    ),
    st.builds(Wait, st.sampled_from([1, 4, 5.5, 12, 4000]), st.none() | st.integers(0, 4)),
    st.none(),
)


@st.composite
def logs(draw: st.DrawFn, *, latest: int = 20) -> list[Event]:
    """Stored events in the order of the log; one may have happened long before, or a bit later."""
    offset, received, found = 0, T0 * 1000, []
    for _ in range(draw(st.integers(0, 30))):
        offset += draw(st.integers(1, 2))
        received += draw(st.sampled_from([0, 1, 250, 1000, 2500]))
        occurred = received * 1000 + draw(st.integers(-60, latest)) * 250_000
        series = draw(st.sampled_from(SERIES))
        found.append(Event(offset, received, occurred, *series, draw(measurements)))
    return found


def run(lane: Lane, events: Sequence[Event], script: Sequence[Range | Wait | None]) -> None:
    """Take events through a script and then the rest of them; None is a worker that follows."""
    left = list(events)
    for step in [*script, Range(len(left)), Range(0)]:
        match step:
            case Range():
                taken, left = left[: step.events], left[step.events :]
                # Of what was refused nothing is stored, but it has offsets too.
                end = taken[-1].offset + 1 if taken else lane.position
                for survive in step.deaths:
                    lane.die_in(taken, end, survive)
                lane.advance(taken, end)
            case Wait():
                lane.wait(step.seconds, step.survive)
            case None:
                lane.restart()


@pytest.mark.requirement("METRIC-67")
@given(terms, logs(), st.lists(steps, max_size=8))
def test_windows_are_the_definitions_whatever_happens(
    terms: Terms, events: list[Event], script: list[Range | Wait | None]
) -> None:
    lane = Lane(terms, idle=4)
    run(lane, events, script)
    lane.check()


@given(terms, logs(latest=0), st.lists(steps, max_size=5))
def test_a_week_later_the_same_events_give_the_same_windows(
    terms: Terms, events: list[Event], script: list[Range | Wait | None]
) -> None:
    # At once and in other ranges: the clock has no say in a replay.
    ranges = [step for step in script if not isinstance(step, Wait)]
    live, later = Lane(terms), Lane(terms)
    run(live, events, [])
    run(later, [one._replace(received_ms=one.received_ms + WEEK * 1000) for one in events], ranges)
    # Sums may differ by their roundings, which come in another order: ``check`` looks at those.
    live.check()
    later.check()
    kept = {"through_offset", "revision", "sum"}
    assert {place: one.model_dump(exclude=kept) for place, one in live.topic.last.items()} == {
        place: one.model_dump(exclude=kept) for place, one in later.topic.last.items()
    }


@given(terms, st.lists(st.tuples(logs(), st.lists(steps, max_size=3)), min_size=2, max_size=4))
def test_partitions_add_up(
    terms: Terms, parts: list[tuple[list[Event], list[Range | Wait | None]]]
) -> None:
    lanes = [Lane(terms, number, idle=4) for number in range(len(parts))]
    for lane, (events, script) in zip(lanes, parts, strict=True):
        run(lane, events, script)
    whole = merged(lane.expected for lane in lanes)
    assert set(whole) == {place for lane in lanes for place in lane.topic.last}
    for place, content in whole.items():
        found = merge([lane.topic.last[place] for lane in lanes if place in lane.topic.last])
        assert content.last is not None
        assert (found.count, found.late, found.last) == (
            content.count,
            content.late,
            content.last[3],
        )
        assert (found.min, found.max) == (min(content.values), max(content.values))
        assert found.histogram == content.histogram
        scale = math.fsum(map(abs, content.values))
        assert math.isclose(found.sum, content.sum, rel_tol=1e-12, abs_tol=1e-12 * scale)


def test_a_repeated_range_changes_nothing() -> None:
    lane = Lane(TERMS)
    lane.advance([event(0, 1), event(1, 13)], 2)
    lane.die_in([event(2, 2), event(3, 5, 7.0)], 4, [True])
    step = lane.windows.advance(values([event(2, 2), event(3, 5, 7.0)]), 4)
    assert [place_of(key) for key, _ in step.records] == [None]
    assert step.records[0] == (b'["partition",0]', lane.topic.held[b'["partition",0]'])


@pytest.mark.parametrize("survive", [[True], [True, False], [False, True], [False]])
def test_a_too_late_event_never_revives_a_window(survive: list[bool]) -> None:
    lane = Lane(TERMS)
    lane.advance([event(0, 1)], 1)
    lane.advance([event(1, 50)], 2)
    assert len(lane.windows) == 2
    # The first window is taken away and an event of its time comes in the same range.
    for end in (3, 4):
        lane.die_in([event(end - 1, 2)], end, survive)
        lane.advance([event(end - 1, 2)], end)
        lane.restart()
    lane.check()
    assert lane.too_late == {("page", 10): 2}
    assert [place.start - T0 for place in lane.topic.gone] == [0]
    assert len(lane.windows) == 1


def test_a_late_event_corrects_and_says_so() -> None:
    lane = Lane(TERMS)
    lane.advance([event(0, 1), event(1, 13)], 2)
    lane.advance([event(2, 2, 5.0), event(3, 3, 5.0)], 4)
    lane.advance([event(4, 4, 5.0)], 5)
    (window,) = (one for one in lane.topic.last.values() if one.final)
    assert (window.count, window.sum, window.late, window.revision) == (4, 16.0, 3, 2)
    lane.check()


def test_the_clock_closes_what_no_event_closes() -> None:
    lane = Lane(TERMS, idle=4)
    assert lane.windows.idle(1e6) == [], "nothing has happened that could be over"
    lane.advance([event(0, 5)], 1)
    for seconds, final in ((3.9, False), (6.9, False), (7.0, True)):
        lane.wait(seconds)
        assert [one.final for one in lane.topic.last.values()] == [final]
    assert lane.windows.idle(7.5) == [], "a record that says nothing is not published"
    lane.wait(26.9)
    assert not lane.topic.gone
    lane.wait(27.0)
    assert len(lane.topic.gone) == 1
    assert len(lane.windows) == 0
    lane.advance([event(1, 5)], 2)
    lane.check()
    assert lane.too_late == {("page", 10): 1}


def test_what_was_not_published_is_caught_up_with() -> None:
    lane = Lane(TERMS)
    events = [event(number, number * 3, received=3 * number) for number in range(12)]
    lane.advance(events[:4], 4)
    lane.stored += events[4:8]  # by a worker that keeps no windows
    lane.position = 8
    lane.restart()
    assert lane.windows.through == 4
    lane.stored = events[:4]
    lane.advance(events[4:8], 8)
    lane.advance(events[8:], 12)
    lane.check()


def test_an_offset_moved_back_by_hand_begins_there() -> None:
    lane = Lane(TERMS)
    lane.advance([event(5, 1)], 6)
    lane.advance([event(6, 2)], 7)
    windows = Windows(lane.settings, "log", 0)
    windows.load(lane.topic.held, 2)
    assert windows.through == 2


@pytest.mark.parametrize(
    ("log", "sizes"),
    [
        pytest.param("another", (10,), id="the topic was made anew"),
        pytest.param("log", (20,), id="the size is kept no longer"),
    ],
)
def test_what_is_of_no_use_any_more_is_taken_away(log: str, sizes: tuple[int, ...]) -> None:
    lane = Lane(TERMS)
    lane.advance([event(0, 1), event(1, 13)], 2)
    windows = Windows(lane.settings.model_copy(update={"sizes": sizes}), log, 0)
    position = 0 if log == "another" else 2
    windows.load(lane.topic.held, position)
    assert len(windows) == 0
    records = windows.advance(values([event(position, 2, 9.0)]), position + 1).records
    latest = reader(lane.topic.held, records)
    (window,) = (Window.model_validate_json(one) for key, one in latest.items() if place_of(key))
    assert (window.log, window.size, window.count, window.sum) == (log, sizes[0], 1, 9.0)
    assert windows.advance(values([]), position + 2).records[:-1] == [], "once is enough"


def test_windows_without_the_partitions_own_record_begin_anew() -> None:
    lane = Lane(TERMS)
    lane.advance([event(0, 1), event(1, 13)], 2)
    del lane.topic.held[b'["partition",0]']
    windows = Windows(lane.settings, "log", 0)
    windows.load(lane.topic.held, 2)
    assert (len(windows), windows.through) == (0, 2)
    taken = [key for key, value in windows.advance(values([]), 3).records if value is None]
    assert sorted(taken) == sorted(lane.topic.held)


def test_what_is_left_of_a_life_before_is_never_added_to() -> None:
    lane = Lane(TERMS)
    lane.advance([event(0, 1, 5.0)], 1)
    anew = Windows(lane.settings, "another", 0)
    anew.load(lane.topic.held, 0)
    # It dies when its own record is there and nothing else is.
    held = reader(lane.topic.held, anew.advance(values([event(0, 15)]), 1).records[-1:])
    heir = Windows(lane.settings, "another", 0)
    heir.load(held, 1)
    assert len(heir) == 0
    held = reader(held, heir.advance(values([event(1, 2, 9.0)]), 2).records)
    (window,) = (Window.model_validate_json(one) for key, one in held.items() if place_of(key))
    assert (window.log, window.count, window.sum) == ("another", 1, 9.0)


def test_series_are_not_forgotten_while_they_have_windows() -> None:
    lane = Lane(TERMS)
    many = [event(number, 1)._replace(name=f"page.{number}") for number in range(1_100)]
    lane.advance(many, 1_100)
    for first in (1_100, 2_200):
        again = [one._replace(offset=one.offset + first) for one in many]
        lane.advance(again, first + 1_100)
    lane.check()


def reader(held: Mapping[bytes, bytes], records: Sequence[Record]) -> dict[bytes, bytes]:
    """What a reader holds after more records."""
    latest: dict[bytes, bytes | None] = {**held, **dict(records)}
    return {key: value for key, value in latest.items() if value is not None}


@given(logs(), st.lists(steps, max_size=5))
def test_a_key_is_asked_for_what_was_published_last(
    events: list[Event], script: list[Range | Wait | None]
) -> None:
    lane = Lane(TERMS, idle=4)
    run(lane, events, script)
    keys = [*lane.topic.held, *map(key_of, lane.topic.gone)]
    assert lane.windows.current(keys) == {key: lane.topic.held.get(key) for key in keys}
    others = [b'["partition",7]', b'["a","b","c",{},10,0]', b"[", b"\xff"]
    assert lane.windows.current(others) == dict.fromkeys(others)


def key_of(place: Place) -> bytes:
    *head, tags = place.series
    return json.dumps([*head, dict(tags), place.size, place.start], separators=(",", ":")).encode()


@pytest.mark.parametrize("key", [b'["partition",0]', b'["shop","page","value",{},10,0]'])
def test_a_record_that_is_none_of_ours_is_named(key: bytes) -> None:
    windows = Windows(WindowSettings(), "log", 3)
    with pytest.raises(BrokerError, match=r"Partition 3 of telemetry\.windows"):
        windows.load({key: b'{"a":1}', b'["partition",3]': b"{}"}, 0)
