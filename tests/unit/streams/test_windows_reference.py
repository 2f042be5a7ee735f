"""The reference that the windows are held against says what the definition says: by hand."""

from __future__ import annotations

import pytest
from window_reference import SECOND, Content, Event, Partition, Place, Terms, bfloat16, merged
from window_reference import windows_of as compute

#: A multiple of every size.
T0 = 1_800_000_000
SERIES = ("shop", "page", "value", ())
TERMS = Terms(sizes=(10,), lateness=2, ahead=5, correction=20)


def event(offset: int, second: float, value: float = 1.0, *, received: float = 1000) -> Event:
    """An event of T0 plus so many seconds, received long after it unless a test says when."""
    occurred, came = round((T0 + second) * SECOND), round((T0 + received) * 1000)
    return Event(offset, came, occurred, "shop", "page", (), {"value": value})


def place(second: int, size: int = 10) -> Place:
    return Place(SERIES, size, T0 + second)


def counts(found: Partition) -> dict[int, tuple[int, int]]:
    """By the second at which a window begins: how many values, how many of them late."""
    return {p.start - T0: (c.count, c.late) for p, c in found.windows.items()}


def test_a_window_holds_its_start_and_not_its_end() -> None:
    found = compute(0, [event(0, 0), event(1, 9.999999), event(2, 10)], TERMS)
    assert counts(found) == {0: (2, 0), 10: (1, 0)}


def test_an_event_before_the_epoch_lies_in_the_window_that_begins_before_it() -> None:
    one = Event(0, 0, -1, "shop", "page", (), {"value": 1.0})
    assert [p.start for p in compute(0, [one], TERMS).windows] == [-10]


@pytest.mark.parametrize(
    ("newest", "late", "too_late"),
    [
        pytest.param(11.999999, 0, 0, id="watermark just below the end"),
        pytest.param(12, 1, 0, id="watermark at the end"),
        pytest.param(31.999999, 1, 0, id="just below the end of the correction"),
        pytest.param(32, 0, 1, id="at the end of the correction"),
    ],
)
def test_the_verdict_is_by_the_watermark_that_the_event_meets(
    newest: float, late: int, too_late: int
) -> None:
    found = compute(0, [event(0, newest), event(1, 5)], TERMS)
    assert counts(found).get(0, (0, 0))[1] == late
    assert found.too_late[place(0)] == found.too_late_by_size[10] == too_late
    assert found.watermark == round((T0 + newest - 2) * SECOND)


def test_an_event_of_the_future_moves_the_watermark_only_a_little_ahead_of_the_log() -> None:
    found = compute(0, [event(0, 500, received=4), event(1, 0)], TERMS)
    assert found.watermark == (T0 + 9) * SECOND
    assert counts(found) == {500: (1, 0), 0: (1, 0)}


def test_the_clock_moves_the_watermark_on_at_a_position() -> None:
    events = [event(0, 1), event(1, 2), event(2, 2)]
    found = compute(0, events, TERMS, [(2, (T0 + 10) * SECOND)])
    assert counts(found) == {0: (3, 1)}
    assert compute(0, events[:2], TERMS, [(2, 7)]).watermark == T0 * SECOND


def test_of_events_of_the_same_time_the_later_in_the_log_is_last() -> None:
    found = compute(3, [event(0, 5, 1.0), event(1, 5, 2.0), event(2, 4, 9.0)], TERMS)
    content = found.windows[place(0)]
    assert content.last == ((T0 + 5) * SECOND, 3, 1, 2.0)
    assert (content.sum, min(content.values), max(content.values)) == (12.0, 1.0, 9.0)


def test_each_measurement_is_a_series_and_each_size_has_a_verdict() -> None:
    two = event(0, 5)._replace(measurements={"a": 1.0, "b": 2.0})
    terms = TERMS._replace(sizes=(10, 60))
    found = compute(0, [event(0, 40), two._replace(offset=1)], terms)
    assert {(p.series[2], p.size) for p in found.too_late} == {("a", 10), ("b", 10)}
    assert {p.size for p in found.windows if p.series[2] in "ab"} == {60}


def test_sums_are_rounded_once() -> None:
    assert Content([1e16, 1.0, -1e16]).sum == 1.0


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        pytest.param(0.0, 0x0000, id="zero"),
        pytest.param(-0.0, 0x8000, id="negative zero"),
        pytest.param(1.0, 0x3F80, id="one"),
        pytest.param(-256.0, 0xC380, id="a negative whole number"),
        pytest.param(1.00390625, 0x3F81, id="half a step rounds up"),
        pytest.param(1.0039061, 0x3F80, id="just below half a step"),
        pytest.param(1e-300, 0x0000, id="too small for 32 bits"),
        pytest.param(1e38, 0x7E96, id="the greatest magnitude"),
    ],
)
def test_bits(value: float, bits: int) -> None:
    assert bfloat16(value) == bits


def test_partitions_add_up_and_the_latest_is_last() -> None:
    parts = [
        compute(0, [event(7, 5, 1.0), event(8, 6, 2.0)], TERMS),
        compute(1, [event(0, 6, 3.0), event(1, 1, 4.0)], TERMS),
        compute(2, [event(0, 15, 5.0)], TERMS),
    ]
    whole = merged(parts)
    assert sorted(whole[place(0)].values) == [1.0, 2.0, 3.0, 4.0]
    assert whole[place(0)].last == ((T0 + 6) * SECOND, 1, 0, 3.0)
    assert whole[place(10)].count == 1
    assert parts[0].windows[place(0)].count == 2, "the parts stay as they are"
