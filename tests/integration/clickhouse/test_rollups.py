from __future__ import annotations

import math
import random
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from event_rows import NOON, Row, events_batch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from millrace.clickhouse.client import Store
from millrace.clickhouse.combinations import by_combination, by_pair
from millrace.clickhouse.rollups import Aggregate, Bucket, Grain, Question, ask

pytestmark = pytest.mark.integration

EVERYTHING = tuple(Aggregate)
LEVELS = {
    Aggregate.P50: 0.5,
    Aggregate.P90: 0.9,
    Aggregate.P95: 0.95,
    Aggregate.P99: 0.99,
}
#: One half of the step between two values that the sketch keeps apart.
ACCURACY = 1 / 256 + 1e-6
FEW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def question(**changes: Any) -> Question:
    start = NOON - timedelta(days=2)
    usual = Question("default", ["http.request"], start, NOON + timedelta(days=2), Grain.MINUTE)
    return replace(usual, **changes)


def insert(store: Store, rows: Sequence[Row], size: int = 40) -> None:
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        store.insert("events", events_batch(part), f"token-{part[0].tenant}-{start}")


def bucket_start(moment: datetime, grain: Grain) -> datetime:
    seconds = int(grain.width.total_seconds())
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def same_rank(values: Iterable[float], level: float) -> float:
    ordered = sorted(values)
    return ordered[max(math.ceil(level * len(ordered)), 1) - 1]


def expected(rows: Sequence[Row], grain: Grain, group_by: Sequence[str] = ()) -> dict[Any, Any]:
    """The same buckets, computed without the store."""
    groups = defaultdict(list)
    for row in rows:
        for number, (measurement, value) in enumerate(sorted(row.measurements.items())):
            group = tuple(row.tags.get(key, "") for key in group_by)
            key = (row.name, measurement, bucket_start(row.occurred_at, grain), group)
            groups[key].append((row, value, number == 0))
    return {key: aggregates(entries) for key, entries in groups.items()}


def aggregates(entries: Sequence[tuple[Row, float, bool]]) -> dict[Aggregate, float]:
    values = [value for _, value, _ in entries]
    latest = max(entries, key=lambda e: (e[0].occurred_at, e[0].partition, e[0].offset))
    return {
        Aggregate.AVG: math.fsum(values) / len(values),
        Aggregate.SUM: math.fsum(values),
        Aggregate.MIN: min(values),
        Aggregate.MAX: max(values),
        Aggregate.COUNT: len(values),
        Aggregate.LAST: latest[1],
        Aggregate.DISTINCT: len({row.actor for row, _, _ in entries if row.actor}),
        Aggregate.EVENTS: sum(first for _, _, first in entries),
        Aggregate.ANONYMOUS: sum(first and not row.actor for row, _, first in entries),
        **{aggregate: same_rank(values, level) for aggregate, level in LEVELS.items()},
    }


def check(found: Sequence[Bucket], wanted: dict[Any, Any], group_by: Sequence[str] = ()) -> None:
    keyed = {
        (b.name, b.measurement, b.start, tuple(b.tags[key] for key in group_by)): b.values
        for b in found
    }
    assert len(keyed) == len(found)
    assert keyed.keys() == wanted.keys()
    for key, values in keyed.items():
        for aggregate, value in values.items():
            accuracy = ACCURACY if aggregate in LEVELS else 1e-12
            assert value == pytest.approx(wanted[key][aggregate], rel=accuracy, abs=1e-12), (
                key,
                aggregate,
            )


def everything(store: Store) -> list[Bucket]:
    questions = (question(grain=grain, aggregates=EVERYTHING) for grain in Grain)
    return [bucket for asked in questions for bucket in ask(store, asked)]


def same(found: Sequence[Bucket], wanted: Sequence[Bucket]) -> None:
    """Equal but for the last digits of a sum, which merging in another order changes."""
    assert [(b.name, b.start, b.end) for b in found] == [(b.name, b.start, b.end) for b in wanted]
    for left, right in zip(found, wanted, strict=True):
        assert left.values == pytest.approx(dict(right.values), rel=1e-12)


MOMENTS = st.integers(-3 * 86_400_000_000, 86_400_000_000).map(
    lambda micros: NOON + timedelta(microseconds=micros // 1_000_000 * 1_000_000 + micros % 2)
)
VALUES = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 100.0, 1e-30, 1e30]),
    st.floats(1e-3, 1e6),
    st.floats(-1e6, -1e-3),
)
ROWS = st.lists(
    st.builds(
        Row,
        offset=st.just(0),
        occurred_at=MOMENTS,
        name=st.sampled_from(["http.request", "queue.depth"]),
        measurements=st.dictionaries(
            st.sampled_from(["count", "seconds", "bytes"]), VALUES, min_size=1
        ),
        tags=st.dictionaries(st.sampled_from(["method", "route"]), st.sampled_from(["a", "b", ""])),
        actor=st.sampled_from(["", "x" * 32, "y" * 32, "z" * 32]),
        partition=st.integers(0, 2),
        retention_class=st.sampled_from(["default", "long"]),
    ),
    min_size=20,
    max_size=120,
)


def numbered(rows: Sequence[Row]) -> list[Row]:
    tenant = f"t{uuid.uuid4().hex}"
    return [replace(row, offset=number, tenant=tenant) for number, row in enumerate(rows)]


@pytest.mark.requirement(
    "METRIC-30", "METRIC-41", "METRIC-42", "METRIC-44", "METRIC-46", "METRIC-47",
    "GAME-19", "GAME-20", "GAME-21", "GAME-22", "GAME-27", "GAME-28", "GAME-29",
    "IDENT-05", "IDENT-16", "WEBAPP-44", "WEBAPP-45", "WEBAPP-46",
)  # fmt: skip
@FEW
@given(rows=ROWS, seed=st.integers(0, 1000))
def test_every_grain_and_aggregation_equals_the_raw_rows(
    store: Store, rows: list[Row], seed: int
) -> None:
    rows = numbered(rows)
    random.Random(seed).shuffle(rows)
    insert(store, rows)
    usual = question(
        tenant=rows[0].tenant,
        names=["http.request", "queue.depth"],
        start=NOON - timedelta(days=9),
        end=NOON + timedelta(days=9),
        aggregates=EVERYTHING,
    )
    for grain in Grain:
        check(ask(store, replace(usual, grain=grain)), expected(rows, grain))
    grouped = replace(usual, grain=Grain.HOUR, group_by=["route"])
    check(ask(store, grouped), expected(rows, Grain.HOUR, ["route"]), ["route"])
    with_tag = [row for row in rows if row.tags.get("method") == ""]
    filtered = replace(usual, grain=Grain.DAY, tags={"method": ""})
    check(ask(store, filtered), expected(with_tag, Grain.DAY))
    number = sum(b.values[Aggregate.EVENTS] for b in ask(store, replace(usual, grain=Grain.DAY)))
    assert number == len(rows)


@pytest.mark.requirement("METRIC-33", "METRIC-43")
@FEW
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_percentiles_of_raw_events_interpolate(store: Store, values: list[float]) -> None:
    rows = numbered([Row(0, measurements={"seconds": value}) for value in values])
    insert(store, rows)
    exact = question(tenant=rows[0].tenant, aggregates=tuple(LEVELS), exact=True)
    (found,) = ask(store, exact)
    ordered = sorted(values)
    for aggregate, level in LEVELS.items():
        position = level * (len(ordered) - 1)
        low = math.floor(position)
        high = min(low + 1, len(ordered) - 1)
        wanted = ordered[low] + (position - low) * (ordered[high] - ordered[low])
        assert found.values[aggregate] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.requirement("METRIC-45", "GAME-24")
def test_repeated_insert_with_the_same_token_changes_nothing(store: Store) -> None:
    rows = [
        Row(n, NOON + timedelta(seconds=n), measurements={"seconds": n / 7}, actor=f"{n:032x}")
        for n in range(500)
    ]
    insert(store, rows, size=100)
    before = everything(store)
    insert(store, rows, size=100)
    same(everything(store), before)
    assert store.rows("SELECT count(), uniqExact(offset) FROM events") == [(500, 500)]


@pytest.mark.requirement("GAME-22", "GAME-23")
def test_merging_changes_no_answer(store: Store) -> None:
    rows = [
        Row(n, NOON + timedelta(seconds=37 * n), measurements={"seconds": n * 1.1}, tags={"n": "1"})
        for n in range(300)
    ]
    random.Random(4).shuffle(rows)
    for grain in Grain:
        store.command(f"SYSTEM STOP MERGES rollup_{grain}")
    insert(store, rows, size=10)
    before = everything(store)
    for grain in Grain:
        store.command(f"SYSTEM START MERGES rollup_{grain}")
        store.command(f"OPTIMIZE TABLE rollup_{grain} FINAL")
    same(everything(store), before)


@pytest.mark.requirement("METRIC-44")
def test_event_on_a_boundary_belongs_to_the_later_bucket(store: Store) -> None:
    insert(store, [Row(0, NOON - timedelta(microseconds=1)), Row(1, NOON)])
    for grain in (Grain.MINUTE, Grain.FIVE_MINUTES, Grain.HOUR):
        starts = [bucket.start for bucket in ask(store, question(grain=grain))]
        assert starts == [NOON - grain.width, NOON]
    assert [b.start for b in ask(store, question(end=NOON))] == [NOON - timedelta(minutes=1)]
    assert [b.start for b in ask(store, question(start=NOON))] == [NOON]


@pytest.mark.requirement("GAME-25")
def test_zero_survives_every_aggregation(store: Store) -> None:
    insert(store, [Row(n, measurements={"value": 0.0}) for n in range(3)])
    numbers = {Aggregate.COUNT: 3.0, Aggregate.EVENTS: 3.0, Aggregate.ANONYMOUS: 3.0}
    for exact in (False, True):
        (bucket,) = ask(store, question(aggregates=EVERYTHING, exact=exact))
        assert bucket.values == {aggregate: numbers.get(aggregate, 0.0) for aggregate in Aggregate}


def test_absent_measurement_leaves_min_and_max_untouched(store: Store) -> None:
    insert(store, [Row(0, measurements={"a": 5.0}), Row(1, measurements={"b": -5.0})])
    (bucket,) = ask(store, question(measurement="a", aggregates=[Aggregate.MIN, Aggregate.MAX]))
    assert bucket.values == {Aggregate.MIN: 5.0, Aggregate.MAX: 5.0}


def test_whole_numbers_up_to_256_are_exact_in_the_sketch(store: Store) -> None:
    insert(store, [Row(n, measurements={"v": float(n)}) for n in range(1, 257)], size=256)
    (bucket,) = ask(store, question(aggregates=tuple(LEVELS)))
    assert bucket.values == {
        aggregate: math.ceil(256 * level) for aggregate, level in LEVELS.items()
    }


@pytest.mark.requirement("GAME-62")
def test_two_events_in_mid_minute_make_one_bucket_at_its_start(store: Store) -> None:
    moment = NOON + timedelta(seconds=30)
    insert(store, [Row(n, moment, measurements={"value": 10.0 * n + 10}) for n in range(2)])
    aggregates = [Aggregate.EVENTS, Aggregate.SUM]
    (bucket,) = ask(store, question(aggregates=aggregates))
    assert (bucket.start, bucket.values) == (NOON, dict(zip(aggregates, [2.0, 30.0], strict=True)))


@pytest.mark.requirement("GAME-26")
def test_events_are_counted_by_tag_combination(store: Store) -> None:
    tags = [{"b": "2", "a": "1"}, {"a": "1"}, {}, {"a": "1"}]
    insert(store, [Row(n, tags=t, measurements={"x": 1, "y": 2}) for n, t in enumerate(tags)])
    span = (NOON, NOON + timedelta(minutes=1), Grain.MINUTE)
    assert by_combination(store, "default", "http.request", *span) == {
        NOON: {"": 1, "a:1": 2, "a:1,b:2": 1}
    }
    assert by_pair(store, "default", "http.request", *span) == {NOON: {"a:1": 3, "b:2": 1}}


def test_events_over_all_measurements(store: Store) -> None:
    insert(store, [Row(0, measurements={"a": 1, "b": 2}), Row(1, measurements={"b": 3})])
    (bucket,) = ask(store, question(aggregates=[Aggregate.EVENTS]))
    assert bucket.values == {Aggregate.EVENTS: 2.0}


@pytest.mark.requirement("METRIC-64", "METRIC-60")
def test_what_a_user_typed_stays_a_value(store: Store) -> None:
    evil = "'] = '' OR 1=1 -- \\"
    insert(store, [Row(0, tags={evil: evil}), Row(1, tags={"a": "b"}), Row(2, tenant="other")])
    (bucket,) = ask(
        store,
        question(tags={evil: evil}, group_by=[evil], aggregates=[Aggregate.COUNT]),
    )
    assert (bucket.tags, bucket.values) == ({evil: evil}, {Aggregate.COUNT: 1.0})
    assert ask(store, question(tenant=evil)) == []
    assert ask(store, question(names=[evil])) == []


@pytest.mark.requirement("METRIC-34")
def test_newest_first_and_limit(store: Store) -> None:
    insert(store, [Row(n, NOON + timedelta(minutes=n)) for n in range(5)])
    found = ask(store, question(newest_first=True, limit=2))
    assert [b.start for b in found] == [NOON + timedelta(minutes=n) for n in (4, 3)]


def test_range_between_two_seconds_starts_with_the_next_bucket(store: Store) -> None:
    insert(store, [Row(0, NOON)])
    assert ask(store, question(start=NOON + timedelta(microseconds=1))) == []
    assert len(ask(store, question(end=NOON + timedelta(microseconds=1)))) == 1


@pytest.mark.requirement("METRIC-42", "GAME-18", "GAME-21")
def test_the_view_buckets_has_one_finished_row_a_bucket(store: Store) -> None:
    rows = [Row(n, measurements={"seconds": n}, tags={"b": "2", "a": "1"}) for n in range(4)]
    insert(store, rows, size=1)
    (row,) = store.rows(
        "SELECT name, measurement, period_start, period_end, combination, events, count, sum, min, "
        "max, avg, last, p50, p99, distinct_actors FROM buckets_5m"
    )
    assert row[:5] == ("http.request", "seconds", NOON, NOON + timedelta(minutes=5), "a:1,b:2")
    assert row[5:] == (4, 4, 6.0, 0.0, 3.0, 1.5, 3.0, 1.0, 3.0, 0)


@pytest.mark.requirement("GAME-31")
def test_a_hundred_thousand_events_of_one_minute_are_one_row(store: Store) -> None:
    rows = [Row(n, NOON + timedelta(microseconds=n)) for n in range(50_000)]
    insert(store, rows, size=50_000)
    insert(store, [replace(row, offset=row.offset + 50_000, tenant="b") for row in rows], 50_000)
    assert store.rows("SELECT count(), sum(count) FROM rollup_1m") == [(2, 100_000)]
