"""Which rollup a chart reads: by the range and by what is still kept, and no other one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.grafana.macros import expand
from millrace.grafana.scope import Scope
from millrace.grafana.sql_files import SHARED, sql

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 14, 15, 42, 17, tzinfo=UTC)
STEPS = {"1m": 60, "5m": 300, "1h": 3600, "1d": 86400}
#: How far the tables reach back in each case, in days; the days reach furthest.
FULL: dict[str, float] = {"1m": 14, "5m": 30, "1h": 90, "1d": 400}
#: Since three hours: nothing has expired yet, and the first day began at midnight.
FRESH = dict.fromkeys(STEPS, 0.125)


def first_bucket(kept: dict[str, float], grain: str) -> datetime:
    return floor(NOW - timedelta(days=kept[grain]), STEPS[grain])


def floor(moment: datetime, step: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // step * step, UTC)


def keep(store: Store, kept: dict[str, float]) -> None:
    """One bucket a day from the oldest to the newest: the choice looks at days alone."""
    for grain, step in STEPS.items():
        oldest, newest = first_bucket(kept, grain), floor(NOW, step)
        days = [oldest + timedelta(days=day) for day in range((newest - oldest).days + 1)]
        rows = ", ".join(
            f"('t', 'n', 'count', {int(bucket.timestamp())}, 1)" for bucket in {*days, newest}
        )
        store.command(
            f"INSERT INTO rollup_{grain} (tenant, name, measurement, bucket, events)"
            f" SETTINGS max_partitions_per_insert_block = 0 VALUES {rows}"
        )


@pytest.fixture
def bare(empty_store: Store) -> Store:
    """Rollups that nothing expires from and no view fills."""
    migrate.apply(empty_store, retention={})
    for grain in STEPS:
        empty_store.command(f"DROP VIEW rollup_{grain}_view")
    return empty_store


def chosen(store: Store, start: datetime, end: datetime) -> tuple[str, int, datetime, datetime]:
    query = f"WITH {sql(SHARED, 'grain')} SELECT wanted_grain, step, first_bucket, end_bucket"
    ((grain, step, first, last),) = store.rows(expand(query, Scope(start, end, 60_000)))
    return str(grain), int(step), first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)


def expected(kept: dict[str, float], start: datetime, end: datetime) -> str:
    span = (end - start).total_seconds()
    for grain, longest in (("1m", 2), ("5m", 48), ("1h", 336)):
        oldest = first_bucket(kept, grain).date()
        everything = oldest == first_bucket(kept, "1d").date()
        if span <= longest * 3600 and (start.date() >= oldest or everything):
            return grain
    return "1d"


@pytest.mark.parametrize("kept", [FULL, FRESH], ids=["years old", "hours old"])
@pytest.mark.requirement("GAME-46")
def test_the_coarsest_grain_that_answers_and_is_kept(bare: Store, kept: dict[str, float]) -> None:
    keep(bare, kept)

    @given(
        hours=st.integers(1, 24 * 120) | st.sampled_from([2, 48, 336]),
        ago=st.integers(0, 24 * 100),
        seconds=st.integers(0, 3599),
    )
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def check(hours: int, ago: int, seconds: int) -> None:
        end = (NOW - timedelta(hours=ago, seconds=seconds)).replace(microsecond=0)
        start = end - timedelta(hours=hours)
        grain, step, first, last = chosen(bare, start, end)
        assert grain == expected(kept, start, end)
        assert step == STEPS[grain]
        assert first == floor(start + timedelta(seconds=step - 1), step)
        assert last == floor(end, step) + timedelta(seconds=step)

    check()


def test_an_empty_store_has_a_grain_too(bare: Store) -> None:
    assert chosen(bare, NOW - timedelta(hours=1), NOW)[0] == "1m"


def test_only_the_chosen_table_is_opened(bare: Store) -> None:
    keep(bare, FULL)
    constants = sql(SHARED, "grain")
    query = f"WITH {constants} SELECT sum(events) FROM rollups WHERE grain = wanted_grain"
    for hours, grain in ((1, "1m"), (24, "5m"), (240, "1h"), (800, "1d")):
        text = expand(query, Scope(NOW - timedelta(hours=hours), NOW, 60_000))
        plan = bare.json(f"EXPLAIN {text}", format="TSVRaw").decode()
        opened = [
            found.split(".")[1].split(")")[0]
            for found in plan.split("ReadFromMergeTree")[1:]
            if "Parts:" in found
        ]
        assert opened == [f"rollup_{grain}"]


def test_a_straggler_does_not_bring_an_expired_grain_back(bare: Store) -> None:
    keep(bare, FULL)
    start = NOW - timedelta(days=20)
    assert chosen(bare, start, start + timedelta(hours=1))[0] == "5m"
    late = int((start - timedelta(days=3)).timestamp())
    for grain in STEPS:
        bare.command(
            f"INSERT INTO rollup_{grain} (tenant, name, measurement, bucket, events)"
            f" VALUES ('t', 'n', 'count', {late // STEPS[grain] * STEPS[grain]}, 1)"
        )
    assert chosen(bare, start, start + timedelta(hours=1))[0] == "5m"
