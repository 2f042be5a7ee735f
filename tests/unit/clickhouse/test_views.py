from __future__ import annotations

import pytest

from millrace.clickhouse.migrations import all_migrations
from millrace.clickhouse.views import Table, changes_views, fed_by, joined_by_views

JOINED = {"events", "rollup_1m", "rollup_1m_view"}


def table(name: str, *feeds: str, view_of: str = "", engine: str = "MergeTree") -> Table:
    if view_of:
        definition = f"CREATE MATERIALIZED VIEW {name} TO {view_of} (`a` String) AS SELECT 1"
        return Table(name, "MaterializedView", "", "7", definition, feeds)
    return Table(name, engine, engine, "7", f"CREATE TABLE {name}", feeds)


CHAIN = {
    one.name: one
    for one in (
        table("m.events", "m.v1", "other.v3"),
        table("m.v1", view_of="m.rollup"),
        table("m.rollup", "m.v2"),
        table("m.v2", view_of="m.`coarse`"),
        table("m.coarse"),
        table("other.v3", view_of="other.copy"),
        table("other.copy"),
        table("m.ledger"),
    )
}


@pytest.mark.parametrize(
    ("statement", "touches"),
    [
        ("CREATE TABLE fresh (a String) ENGINE = MergeTree ORDER BY a", False),
        ("CREATE TABLE events_copy AS events", False),
        ("CREATE VIEW buckets AS SELECT * FROM rollup_1m", False),
        ("CREATE OR REPLACE TABLE rollup_1m (a String) ENGINE = Null", True),
        ("CREATE OR REPLACE VIEW buckets AS SELECT 1", False),
        ("CREATE MATERIALIZED VIEW v ON CLUSTER 'c' TO t AS SELECT 1", True),
        ("create materialized view if not exists v TO t AS SELECT 1", True),
        ("ALTER TABLE ingest_ledger ADD COLUMN refused Array(UInt64)", False),
        ("ALTER TABLE events ADD COLUMN a String", True),
        ("ALTER TABLE `rollup_1m` DROP COLUMN a", True),
        ("ALTER TABLE millrace.rollup_1m DROP COLUMN a", True),
        ("ALTER TABLE rollup_1m_view MODIFY QUERY SELECT 1", True),
        ("DROP VIEW rollup_1m_view SYNC", True),
        ("DROP VIEW IF EXISTS buckets", False),
        ("DROP TABLE IF EXISTS events", True),
        ("DROP TABLE letters SYNC", False),
        ("TRUNCATE TABLE rollup_1m", True),
        ("RENAME TABLE letters TO events_old", False),
        ("RENAME TABLE fresh TO rollup_1m", True),
        ("EXCHANGE TABLES fresh AND events", True),
        ("EXCHANGE TABLES a AND b", False),
        ("INSERT INTO events SELECT * FROM old", True),
        ("INSERT INTO letters SELECT * FROM events", False),
        ("-- why\nDROP VIEW /* the\nview */ rollup_1m_view", True),
        ("SYSTEM STOP VIEWS", True),
    ],
)
def test_which_statements_change_what_a_view_joins(statement: str, touches: bool) -> None:
    assert changes_views(statement, JOINED) is touches


def test_migrations_that_change_views() -> None:
    joined = {"events"} | {f"rollup_{grain}" for grain in ("1m", "5m", "1h", "1d")}
    found = {
        migration.name
        for migration in all_migrations()
        if any(changes_views(statement, joined) for statement in migration.up())
    }
    assert found == {"rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d", "lifecycles"}


def test_targets_are_found_along_the_whole_chain_and_in_other_databases() -> None:
    assert fed_by(CHAIN, ["m.events"]) == ["m.rollup", "other.copy", "m.coarse"]
    assert fed_by(CHAIN, ["m.ledger", "m.missing"]) == []


def test_a_view_without_a_target_of_its_own_choice_writes_to_its_inner_table() -> None:
    definition = "CREATE MATERIALIZED VIEW m.own (`a` String) ENGINE = MergeTree AS SELECT 1"
    view = Table("m.own", "MaterializedView", "", "1-2", definition, ())
    assert view.target == "m..inner_id.1-2"
    assert fed_by({"m.events": table("m.events", "m.own"), "m.own": view}, ["m.events"]) == [
        "m..inner_id.1-2"
    ]


def test_what_views_join_together() -> None:
    assert joined_by_views(CHAIN, "m") == {"events", "v1", "rollup", "v2", "coarse"}


@pytest.mark.parametrize(
    ("definition", "query"),
    [
        ("CREATE MATERIALIZED VIEW m.v TO m.t (`a` String) AS SELECT 1 AS a", "SELECT 1 AS a"),
        (
            "CREATE MATERIALIZED VIEW m.v TO m.t (`a` String) AS WITH 1 AS b SELECT b AS a",
            "WITH 1 AS b SELECT b AS a",
        ),
        ("CREATE VIEW m.v (`a` String) AS (SELECT 1)", "(SELECT 1)"),
        (
            "CREATE VIEW m.v (`a` String)\nAS WITH\n    1 AS b\nSELECT b",
            "WITH\n    1 AS b\nSELECT b",
        ),
        ("CREATE TABLE m.t (`a` String) ENGINE = Null", ""),
    ],
)
def test_a_views_query_may_begin_with_with_or_a_bracket(definition: str, query: str) -> None:
    assert Table("m.v", "View", "", "7", definition, ()).query == query
