"""Windows against the rollup and the events of a store that is a list of values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Report
from millrace.clickhouse.window_checks import (
    Content,
    Series,
    WindowFacts,
    compare_progress,
    compare_windows,
)

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
RETENTION = {"events": {"default": 30, "game": 2}, "rollup_1m": {"default": 14}}
SERIES: Series = ("acme", "api.requests", "value", (("route", "/"),))
OTHER: Series = ("acme", "api.requests", "value", ())


class Value(NamedTuple):
    """A stored value; a redriven one came later by another way."""

    partition: int
    offset: int
    minute: int
    value: float
    series: Series = SERIES
    redriven: bool = False


class ListedStore:
    """Answers what the comparison asks from a list of values, without reading the SQL."""

    def __init__(self, values: Iterable[Value], facts: Sequence[WindowFacts]) -> None:
        self.values = list(values)
        self.facts = {one.place.partition: one for one in facts}
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows of the rollup, or of the events in the spans of the facts."""
        if "count() FROM rollup_1m" in sql:
            return [(minute, 30_000) for minute in parameters["minutes"]]
        found = [one for one in self.values if one.minute in parameters["minutes"]]
        if "FROM rollup_1m" in sql:
            self.asked.append("rollup_1m")
            return grouped(found, lambda one: ())
        self.asked.append("events")
        return grouped(
            (one for one in found if not one.redriven and one.offset >= self.first(one)),
            lambda one: (one.partition, one.offset < (self.facts[one.partition].through or 0)),
        )

    def first(self, one: Value) -> int:
        """Return where the windows of a value's partition begin."""
        return self.facts[one.partition].first or 0


def grouped(
    values: Iterable[Value], more: Callable[[Value], tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    groups: dict[tuple[Any, ...], list[Value]] = defaultdict(list)
    for one in values:
        groups[more(one), one.series, one.minute].append(one)
    return [
        (*head, *series[:3], dict(series[3]), minute, *content(found)[:4])
        for (head, series, minute), found in groups.items()
    ]


def content(values: Sequence[Value], through: int = 0) -> Content:
    numbers = [one.value for one in values]
    return Content(len(numbers), sum(numbers), min(numbers), max(numbers), through)


def published(
    partition: int, values: Iterable[Value], *, through: int = 100, **fields: Any
) -> WindowFacts:
    """What a partition publishes of its values, with windows of noon and the 20 minutes after."""
    windows: dict[int, dict[Series, Content]] = {}
    found: dict[tuple[int, Series], list[Value]] = defaultdict(list)
    for one in values:
        if one.partition == partition and not one.redriven:
            found[one.minute, one.series].append(one)
    for (minute, series), ones in found.items():
        windows.setdefault(minute, {})[series] = content(ones, through)
    made = {"first": 0, "minutes": range(NOON, NOON + 1200, 60), "windows": windows}
    place = Place("log", "telemetry.events", partition)
    return WindowFacts(place, through, **{**made, **fields})


def compared(values: Iterable[Value], *facts: WindowFacts) -> tuple[Report, list[str]]:
    store, report = ListedStore(values, facts), Report()
    compare_windows(cast(Store, store), report, facts, RETENTION, NOW)
    return report, store.asked


VALUES = [
    Value(0, 1, NOON, 1.0),
    Value(0, 2, NOON, 5.0),
    Value(1, 7, NOON, 3.0),
    Value(1, 8, NOON + 60, -2.0, OTHER),
]


def test_what_the_rollup_confirms_is_not_looked_for_among_the_events() -> None:
    report, asked = compared(VALUES, published(0, VALUES), published(1, VALUES))
    assert (report.differences, report.checks) == ([], 2)
    assert set(asked) == {"rollup_1m"}


@pytest.mark.parametrize(
    ("windows", "found"),
    [
        pytest.param({}, "no values", id="missing"),
        pytest.param(
            {NOON: {SERIES: Content(3, 6.0, 1.0, 5.0, 100)}},
            "3 values, sum 6.0, from 1.0 to 5.0",
            id="another count",
        ),
        pytest.param(
            {NOON: {SERIES: Content(2, 6.001, 1.0, 5.0, 100)}},
            "2 values, sum 6.001, from 1.0 to 5.0",
            id="another sum",
        ),
        pytest.param(
            {NOON: {SERIES: Content(2, 6.0, 0.5, 5.0, 100)}},
            "2 values, sum 6.0, from 0.5 to 5.0",
            id="another minimum",
        ),
    ],
)
def test_the_partition_at_fault_is_named(
    windows: Mapping[int, Mapping[Series, Content]], found: str
) -> None:
    report, _ = compared(VALUES, published(0, VALUES, windows=windows), published(1, VALUES))
    assert report.differences == [
        "telemetry.windows, telemetry.events partition 0, api.requests, bucket 2026-03-01 12:00,"
        " tenant acme, measurement value, tags {'route': '/'}: events says 2 values, sum 6.0, from"
        f" 1.0 to 5.0, found {found}"
    ]
    assert report.found[0].table == "telemetry.windows"


def test_a_window_that_no_event_is_in_is_named() -> None:
    facts = published(0, [*VALUES, Value(0, 9, NOON + 120, 1.0)])
    report, _ = compared(VALUES, facts, published(1, VALUES))
    (text,) = report.differences
    assert "bucket 2026-03-01 12:02" in text
    assert "events says no values, found 1 values" in text


def test_values_that_windows_have_not_come_to_are_no_difference() -> None:
    later = [*VALUES, Value(0, 100, NOON, 9.0), Value(0, 101, NOON + 60, 9.0)]
    assert compared(later, published(0, VALUES), published(1, VALUES))[0].ok


def test_a_window_of_a_range_that_is_being_published_has_its_events() -> None:
    later = [*VALUES, Value(0, 100, NOON, 9.0), Value(0, 101, NOON + 60, 9.0)]
    facts = published(0, VALUES)
    half = {NOON: {SERIES: Content(3, 15.0, 1.0, 9.0, 102)}}
    assert compared(later, published(0, [], windows=half), published(1, VALUES))[0].ok
    assert compared(later, facts, published(1, VALUES))[0].ok
    wrong = {NOON: {SERIES: Content(2, 6.0, 1.0, 5.0, 102)}}
    assert not compared(later, published(0, [], windows=wrong), published(1, VALUES))[0].ok


def test_redriven_values_are_in_no_window() -> None:
    more = [*VALUES, Value(0, 3, NOON, 9.0, redriven=True)]
    assert compared(more, published(0, more), published(1, more))[0].ok


def test_windows_that_were_begun_later_have_the_later_events_only() -> None:
    assert compared(VALUES, published(0, VALUES[1:], first=2), published(1, VALUES))[0].ok
    assert not compared(VALUES, published(0, VALUES[1:], first=1), published(1, VALUES))[0].ok


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"minutes": range(NOON + 60, NOON + 120, 60)}, id="taken away by now"),
        pytest.param({"first": None}, id="nobody says where they begin"),
        pytest.param({"whole": False}, id="the broker forgets"),
    ],
)
def test_windows_that_need_not_be_there_are_not_missed(fields: Mapping[str, Any]) -> None:
    assert compared(VALUES, published(0, [], **fields), published(1, VALUES))[0].ok
    assert compared(VALUES, published(0, VALUES, **fields), published(1, VALUES))[0].ok


def test_what_the_events_of_some_class_have_forgotten_is_not_compared() -> None:
    day = 24 * 60 * 60
    midnight = int(datetime(2026, 2, 27, tzinfo=UTC).timestamp())
    for minute, ok in ((midnight, False), (midnight - 60, True), (NOON - 20 * day, True)):
        values = [Value(0, 1, minute, 1.0)]
        facts = published(0, [], minutes=range(minute, minute + 60, 60))
        assert compared(values, facts)[0].ok == ok


def test_of_many_windows_ten_are_named_and_the_others_counted() -> None:
    series: list[Series] = [("acme", "api", "value", (("n", f"{n:02}"),)) for n in range(25)]
    values = [Value(0, n, NOON + n % 2 * 60, 1.0, one) for n, one in enumerate(series)]
    report, asked = compared(values, published(0, []))
    assert len(report.found) == 11
    assert report.differences[-1] == (
        "telemetry.windows, telemetry.events partition 0, other windows: 15 more differ"
    )
    assert asked.count("rollup_1m") == 20, "minutes of 30,000 rows each, one at a time"


@given(
    st.lists(
        st.builds(
            Value,
            st.integers(0, 2),
            st.integers(0, 30),
            st.integers(0, 3).map(lambda minute: NOON + minute * 60),
            st.floats(-1e38, 1e38),
            st.sampled_from([SERIES, OTHER]),
            st.booleans(),
        ),
        unique_by=lambda one: (one.partition, one.offset),
    ),
    st.lists(st.integers(0, 31), min_size=3, max_size=3),
    st.data(),
)
def test_whatever_is_there_is_found_to_agree_until_one_window_is_changed(
    values: list[Value], through: list[int], data: st.DataObject
) -> None:
    facts = [
        published(number, [one for one in values if one.offset < end], through=end)
        for number, end in enumerate(through)
    ]
    assert compared(values, *facts)[0].differences == []
    places = [
        (one, minute, series)
        for one in facts
        for minute, windows in one.windows.items()
        for series in windows
    ]
    if places:
        # What windows do not have could hide the change from the rollup.
        there = [one for one in values if one.offset < through[one.partition] and not one.redriven]
        one, minute, series = data.draw(st.sampled_from(places))
        windows = cast(dict[Series, Content], one.windows[minute])
        if data.draw(st.booleans()):
            windows[series] = windows[series]._replace(values=windows[series].values + 1)
        else:
            del windows[series]
        assert [text.split(":")[0] for text in compared(there, *facts)[0].differences] == [
            f"telemetry.windows, {one.place}, api.requests, bucket"
            f" {datetime.fromtimestamp(minute, UTC):%Y-%m-%d %H}"
        ]


class Ledger:
    """Says when windows began, and when each partition was flushed last."""

    def __init__(self, begun: datetime | None, last: Mapping[int, datetime]) -> None:
        self.begun, self.last = begun, last

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return either."""
        if "min(flushed_at)" in sql:
            return [(int(self.begun is not None), self.begun or NOW)]
        return list(self.last.items())


def progress(facts: Sequence[WindowFacts], ends: Mapping[int, int], ledger: Ledger) -> list[str]:
    report = Report()
    places = {one.place: ends[one.place.partition] for one in facts if one.place.partition in ends}
    there = compare_progress(cast(Store, ledger), report, facts, places)
    assert there == report.ok
    return [text.removeprefix("telemetry.windows, ") for text in report.differences]


def test_a_partition_must_have_come_to_where_the_ledger_was() -> None:
    facts = [published(0, [], through=10), published(1, [], through=9), published(2, [], through=9)]
    assert progress(facts, {0: 10, 1: 10}, Ledger(None, {})) == [
        "telemetry.events partition 1, progress: expected through 10, found 9"
    ]


def test_windows_without_the_partitions_own_record_are_a_difference() -> None:
    place = Place("log", "telemetry.events", 0)
    windows = published(0, VALUES).windows
    assert progress([WindowFacts(place, windows=windows)], {0: 10}, Ledger(None, {})) == [
        "telemetry.events partition 0, progress: windows are there, the record that says how far"
        " they go is not"
    ]
    forgetful = WindowFacts(place, windows=windows, whole=False)
    assert progress([forgetful], {0: 10}, Ledger(None, {})) == []


@pytest.mark.parametrize(
    ("begun", "last", "wrong"),
    [
        pytest.param(None, NOW, False, id="nobody knows since when"),
        pytest.param(NOW - timedelta(minutes=59), NOW, False, id="not all workers are upgraded"),
        pytest.param(NOW - timedelta(hours=2), NOW, True, id="long since"),
        pytest.param(NOW, NOW - timedelta(hours=2), False, id="no events since"),
    ],
)
def test_a_partition_without_windows_beside_others(
    begun: datetime | None, last: datetime, *, wrong: bool
) -> None:
    silent = WindowFacts(Place("log", "telemetry.events", 1))
    ledger = Ledger(begun, {0: NOW, 1: last})
    assert bool(progress([published(0, []), silent], {0: 10, 1: 10}, ledger)) == wrong
    assert progress([silent], {1: 10}, ledger) == [], "nothing is published at all"
