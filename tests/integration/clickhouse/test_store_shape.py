"""What tests get as a migrated database is one."""

from __future__ import annotations

import pytest
from store_fixtures import RETENTION
from store_shape import migrated

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store

pytestmark = pytest.mark.integration


def test_it_has_the_tables_and_the_ledger_that_migrations_make(
    store: Store, store_server: str
) -> None:
    other = Store.connect(f"{store_server}/{store.database}_migrated")
    migrate.apply(other, retention=RETENTION)
    assert migrate.schema(store) == migrate.schema(other)
    assert {entry.state for entry in migrate.status(store)} == {"up"}
    assert migrate.plan(store, retention=RETENTION) == []
    other.command(f"DROP DATABASE {other.database} SYNC")
    other.close()


def test_one_made_of_statements_is_like_the_one_that_was_migrated(store_server: str) -> None:
    schemas = []
    for number in range(2):
        store = Store.connect(f"{store_server}/made_{number}")
        migrated(store, RETENTION)
        schemas.append(migrate.schema(store))
        assert store.rows("SELECT count() FROM events") == [(0,)]
        store.command(f"DROP DATABASE {store.database} SYNC")
        store.close()
    assert schemas[0] == schemas[1]
