from __future__ import annotations

import pytest

from millrace.clickhouse.migrations import Migration, all_migrations
from millrace.clickhouse.views import Table
from millrace.streams.doctor.finding import Level
from millrace.streams.doctor.views import expected_views, judge_views, judge_windows

GOOD = "MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 100000"


def table(name: str, engine: str = GOOD, *feeds: str) -> Table:
    return Table(f"m.{name}", engine.split(" ")[0], engine, "", "", feeds)


def view(name: str, target: str) -> Table:
    definition = f"CREATE MATERIALIZED VIEW m.{name} TO {target} (`a` String) AS SELECT 1"
    return Table(f"m.{name}", "MaterializedView", "", "", definition, ())


def by_name(*tables: Table) -> dict[str, Table]:
    return {one.name: one for one in tables}


def test_a_short_window_is_named_with_its_table_and_its_fix() -> None:
    tables = by_name(
        table("events", GOOD, "m.view"),
        view("view", "m.rollup"),
        table("rollup", GOOD.replace("100000", "100")),
        table("dead_letters", "MergeTree ORDER BY x"),
        table("not_ours", "MergeTree ORDER BY x"),
    )
    (finding,) = judge_windows(tables, "m")
    assert finding.level is Level.FAULT
    assert finding.text.endswith("in dead_letters, rollup")
    assert "ALTER TABLE `rollup` MODIFY SETTING non_replicated_deduplication_window" in finding.fix


def test_a_users_own_view_without_a_window_is_found_wherever_it_writes() -> None:
    own = Table("o.copy", "MergeTree", "MergeTree ORDER BY x", "", "", ())
    tables = by_name(table("events", GOOD, "m.own"), view("own", "o.copy"), own)
    (finding,) = judge_windows(tables, "m")
    assert "o.copy" in finding.text


def test_what_keeps_nothing_needs_no_window() -> None:
    tables = by_name(
        table("events", GOOD, "m.own"), view("own", "m.nothing"), table("nothing", "Null")
    )
    assert [finding.level for finding in judge_windows(tables, "m")] == [Level.OK]
    assert list(judge_windows({}, "m")) == []


def test_a_replicated_table_is_judged_by_its_own_setting() -> None:
    replicated = f"Replicated{GOOD}"
    assert next(judge_windows(by_name(table("events", replicated)), "m")).level is Level.FAULT
    engine = replicated.replace("non_replicated_", "replicated_")
    assert next(judge_windows(by_name(table("events", engine)), "m")).level is Level.OK


def test_the_views_that_the_migrations_leave_behind() -> None:
    views = expected_views(all_migrations())
    targets = [*(f"rollup_{grain}" for grain in ("1m", "5m", "1h", "1d")), "lifecycles"]
    assert {name: target for name, (target, _) in views.items()} == {
        f"{target}_view": target for target in targets
    }
    again = "DROP VIEW v SYNC;\nCREATE MATERIALIZED VIEW v  TO t AS\nSELECT 2;\n"
    steps = (
        Migration(1, "a", "CREATE MATERIALIZED VIEW v ${on_cluster} TO t AS SELECT 1;\n", ""),
        Migration(2, "b", again, ""),
        Migration(3, "c", "CREATE MATERIALIZED VIEW w ${on_cluster} TO t AS SELECT 1;\n", ""),
        Migration(4, "d", "DROP VIEW w ${on_cluster} SYNC;\n", ""),
        Migration(5, "e", "CREATE MATERIALIZED VIEW x TO t AS\nWITH 1 AS b\nSELECT b;\n", ""),
    )
    assert expected_views(steps) == {"v": ("t", "SELECT 2"), "x": ("t", "WITH 1 AS b\nSELECT b")}


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({}, "the view v is missing"),
        ({"v": ("u", "SELECT 1")}, "writes to u and not to t"),
        ({"v": ("t", "SELECT 2")}, "selects something else"),
    ],
)
def test_views_that_are_not_as_they_were_made(
    found: dict[str, tuple[str, str]], problem: str
) -> None:
    (finding,) = judge_views({"v": ("t", "SELECT 1")}, found)
    assert finding.level is Level.FAULT
    assert problem in finding.text
    assert "--drain" in finding.fix


def test_a_users_own_views_are_noted() -> None:
    definition = ("t", "SELECT 1")
    found = list(judge_views({"v": definition}, {"v": definition, "own": ("x", "SELECT 3")}))
    assert [finding.level for finding in found] == [Level.NOTE, Level.OK]
