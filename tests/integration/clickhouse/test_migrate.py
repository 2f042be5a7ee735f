from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from event_rows import NOON, Row, events_batch
from store_fixtures import RETENTION
from store_shape import migrated

from millrace.clickhouse import migrate, schema_file
from millrace.clickhouse.client import Store
from millrace.clickhouse.migrations import Migration, all_migrations
from millrace.schemas.errors import ConfigurationError, StoreError

pytestmark = pytest.mark.integration

LABELS = [migration.label for migration in all_migrations()]


def tables(store: Store) -> set[str]:
    return {str(name) for (name,) in store.rows("SHOW TABLES")} - {"schema_migrations"}


@pytest.mark.requirement("GAME-36", "METRIC-41")
def test_from_nothing_to_today_and_back(empty_store: Store) -> None:
    assert {entry.state for entry in migrate.status(empty_store)} == {"down"}
    with pytest.raises(ConfigurationError, match=r"0001_events is down: run millrace migrate"):
        migrate.check_applied(empty_store)
    assert migrate.apply(empty_store, retention=RETENTION) == LABELS
    assert {entry.state for entry in migrate.status(empty_store)} == {"up"}
    migrate.check_applied(empty_store)
    whole = migrate.schema(empty_store)
    assert migrate.apply(empty_store, retention=RETENTION) == []
    assert migrate.revert(empty_store, to=1) == LABELS[:0:-1]
    assert tables(empty_store) == {"events"}
    assert migrate.apply(empty_store, retention=RETENTION) == LABELS[1:]
    assert migrate.schema(empty_store) == whole
    migrate.revert(empty_store, to=0)
    assert tables(empty_store) == set()


@pytest.mark.parametrize("version", [migration.version for migration in all_migrations()])
def test_each_step_back_leaves_what_was_before(empty_store: Store, version: int) -> None:
    before = tables(empty_store)
    chosen = all_migrations()[version - 1]
    for migration in all_migrations()[: version - 1]:
        for statement in migration.up():
            empty_store.command(statement)
    before = tables(empty_store)
    for statement in [*chosen.up(), *chosen.down()]:
        empty_store.command(statement)
    assert tables(empty_store) == before


def test_dry_run_prints_what_apply_runs(empty_store: Store) -> None:
    statements = migrate.plan(empty_store, retention=RETENTION)
    assert tables(empty_store) == set()
    for statement in statements:
        empty_store.command(statement)
    by_hand = migrate.schema(empty_store)
    for name in sorted(tables(empty_store), key=lambda name: not name.endswith("_view")):
        empty_store.command(f"DROP TABLE {name}")
    migrate.apply(empty_store, retention=RETENTION)
    assert by_hand in migrate.schema(empty_store) or set(by_hand.split("\n\n")) <= set(
        migrate.schema(empty_store).split("\n\n")
    )
    assert migrate.plan(empty_store, retention=RETENTION) == []


@pytest.mark.drift
def test_schema_file_is_fresh(empty_store: Store) -> None:
    migrate.apply(empty_store, retention={})
    found = " ".join(schema_file.text_of(empty_store).split())
    assert found == " ".join(schema_file.PATH.read_text(encoding="utf-8").split()), (
        "run python -m millrace.clickhouse.schema_file"
    )


def test_step_that_stopped_is_named_and_not_passed_over(
    empty_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = all_migrations()[0]
    bad = Migration(2, "bad", "-- why\nDROP TABLE events;\nDROP TABLE nope;\n", "")
    monkeypatch.setattr(migrate, "all_migrations", lambda: (good, bad))
    with pytest.raises(StoreError, match="0002_bad stopped at statement 2") as caught:
        migrate.apply(empty_store, retention={})
    assert caught.value.code == 60
    assert [entry.state for entry in migrate.status(empty_store)] == ["up", "stopped"]
    for refused in (migrate.apply, migrate.plan):
        with pytest.raises(ConfigurationError, match="0002_bad stopped at statement 2"):
            refused(empty_store, retention={})
    with pytest.raises(ConfigurationError, match="0002_bad stopped"):
        migrate.revert(empty_store, to=0)


def test_changed_text_is_refused(empty_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    good = all_migrations()[0]
    monkeypatch.setattr(migrate, "all_migrations", lambda: (good,))
    migrate.apply(empty_store, retention={})
    edited = Migration(1, good.name, good.text + "-- edited\n", good.down_text)
    monkeypatch.setattr(migrate, "all_migrations", lambda: (edited,))
    assert [entry.state for entry in migrate.status(empty_store)] == ["changed"]
    with pytest.raises(ConfigurationError, match="0001_events was applied with another text"):
        migrate.apply(empty_store, retention={})


@pytest.mark.requirement("GAME-32", "IDENT-15", "WEBAPP-43", "WEBAPP-49")
def test_retention_is_altered_only_when_it_differs(store: Store) -> None:
    assert migrate.plan(store, retention=RETENTION) == []
    changed = {**RETENTION, "events": {"default": 8}}
    (statement,) = migrate.plan(store, retention=changed)
    assert statement.startswith("ALTER TABLE events MODIFY TTL ")
    assert migrate.apply_retention(store, changed) == ["events"]
    assert migrate.apply_retention(store, changed) == []
    with pytest.raises(ConfigurationError, match="nonsense"):
        migrate.apply_retention(store, {"nonsense": {"default": 1}})


@pytest.mark.requirement("GAME-32", "METRIC-51", "IDENT-16")
def test_days_expire_by_class_and_rollups_outlive_them(store: Store) -> None:
    week_ago = NOON - timedelta(days=7)
    for number, kept in enumerate(("default", "game")):
        row = Row(number, week_ago, name=kept, retention_class=kept)
        store.insert("events", events_batch([row]), kept)
    store.command("OPTIMIZE TABLE events FINAL")
    assert store.rows("SELECT name FROM events") == [("default",)]
    for grain in ("1m", "5m", "1h", "1d"):
        assert store.rows(f"SELECT count() FROM rollup_{grain}") == [(2,)]


def test_shorter_retention_reaches_old_days(store: Store) -> None:
    week_ago = NOON - timedelta(days=7)
    store.insert("events", events_batch([Row(0, week_ago), Row(1, NOON)]), "1")
    migrate.apply_retention(store, {**RETENTION, "events": {"default": 3}})
    store.command("OPTIMIZE TABLE events FINAL")
    assert store.rows("SELECT offset FROM events") == [(1,)]


@pytest.fixture(scope="module")
def many(store_server: str) -> Iterator[Store]:
    """A store with 40 000 rows of many series."""
    rows = [
        Row(
            n,
            NOON + timedelta(seconds=n / 10),
            tenant=f"t{n // 20_000}",
            name=f"n{n // 5_000}",
            tags={"k": f"v{n}"},
            partition=n // 20_000,
        )
        for n in range(40_000)
    ]
    store = Store.connect(f"{store_server}/many")
    migrated(store, RETENTION)
    store.insert("events", events_batch(rows), "1")
    # An insert leaves the skip indexes to the first merge.
    for table in ("events", "rollup_1m"):
        store.command(f"OPTIMIZE TABLE {table} FINAL")
    yield store
    store.command("DROP DATABASE many SYNC")
    store.close()


@pytest.mark.requirement("METRIC-50", "GAME-35", "IDENT-12")
@pytest.mark.parametrize(
    ("table", "condition"),
    [
        pytest.param("events", "name = 'n3' AND occurred_at > '{day} 13:00:00'", id="name, time"),
        pytest.param("events", "tenant = 't1' AND occurred_at > '{day} 13:00:00'", id="tenant"),
        pytest.param("events", "tags['k'] = 'v39999'", id="tag"),
        pytest.param("events", "partition = 1 AND offset >= 39000", id="newest of a partition"),
        pytest.param("events", "toDate(occurred_at) = '{day}'::Date + 9", id="day"),
        pytest.param("rollup_1m", "tenant = 't1' AND name = 'n3'", id="tenant, name"),
        pytest.param("rollup_1m", "name = 'n3'", id="name in rollup"),
        pytest.param("rollup_1m", "tags['k'] = 'v39999'", id="tag in rollup"),
    ],
)
def test_look_ups_do_not_read_everything(many: Store, table: str, condition: str) -> None:
    plan = "\n".join(
        str(line)
        for (line,) in many.rows(
            f"EXPLAIN indexes = 1 SELECT count(), max(tenant) FROM {table} WHERE "
            + condition.format(day=f"{NOON:%Y-%m-%d}")
        )
    )
    granules = [(int(a), int(b)) for a, b in re.findall(r"Granules: (\d+)/(\d+)", plan)]
    assert granules == [] or granules[-1][0] < granules[0][1], plan
