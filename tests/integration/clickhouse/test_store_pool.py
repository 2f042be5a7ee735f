"""What tests get as a migrated database is one, whoever had it before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from event_rows import NOON, Row, events_batch
from store_fixtures import RETENTION
from store_pool import RESTING, Pool

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store

pytestmark = pytest.mark.integration


@pytest.fixture
def pool(store_server: str) -> Iterator[Pool]:
    pool = Pool(store_server, RETENTION)
    yield pool
    pool.close()


def names(store: Store) -> set[str]:
    return {str(name) for (name,) in store.rows("SHOW DATABASES")}


def test_each_has_the_tables_and_the_ledger_that_migrations_make(
    pool: Pool, empty_store: Store
) -> None:
    migrate.apply(empty_store, retention=RETENTION)
    for _ in range(2):
        store = Store.connect(pool.take())
        assert migrate.schema(store) == migrate.schema(empty_store)
        assert {entry.state for entry in migrate.status(store)} == {"up"}
        assert migrate.plan(store, retention=RETENTION) == []
        pool.give_back(f"/{store.database}")
        store.close()


def test_one_that_comes_back_has_forgotten_rows_and_tokens(pool: Pool) -> None:
    batch = events_batch([Row(1, NOON)])
    urls = [pool.take() for _ in range(RESTING + 1)]
    for url in urls:
        store = Store.connect(url)
        store.insert("events", batch, "token")
        store.command("SYSTEM STOP MERGES events")
        store.command("CREATE TABLE another (n UInt8) ENGINE = Memory")
        store.command("CREATE MATERIALIZED VIEW more TO another AS SELECT 1 AS n FROM events")
        store.close()
        pool.give_back(url)
    assert pool.take() == urls[0]
    store = Store.connect(urls[0])
    rows = (
        "SELECT sum(total_rows) FROM system.tables"
        " WHERE database = currentDatabase() AND name != 'schema_migrations'"
    )
    assert store.rows(rows) == [(0,)]
    assert not {("another",), ("more",)} & set(store.rows("SHOW TABLES"))
    assert {entry.state for entry in migrate.status(store)} == {"up"}
    for token in ("token", "another"):
        store.insert("events", batch, token)
    assert store.rows("SELECT sum(events) FROM rollup_1d") == [(2,)]
    store.command("OPTIMIZE TABLE events FINAL")
    parts = "SELECT count() FROM system.parts WHERE active AND database = currentDatabase()"
    assert store.rows(f"{parts} AND table = 'events'") == [(1,)]
    store.close()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE events MODIFY TTL toDate(occurred_at) + 3",
        "ALTER TABLE events MODIFY SETTING non_replicated_deduplication_window = 1",
        "DROP TABLE rollup_1m_view",
        "ALTER TABLE events DETACH PARTITION ALL",
    ],
)
def test_one_whose_tables_were_changed_does_not_come_back(pool: Pool, change: str) -> None:
    url = pool.take()
    store = Store.connect(url)
    store.insert("events", events_batch([Row(1, NOON)]), "token")
    store.command(change)
    pool.give_back(url)
    watching = Store.connect(f"{url.rpartition('/')[0]}/default")
    assert store.database not in names(watching)
    watching.close()
    store.close()
