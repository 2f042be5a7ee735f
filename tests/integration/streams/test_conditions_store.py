"""The conditions that lie in the store's tables and views, kept and dropped, as in test_conditions.

A deduplication window on every table, larger than an insert has parts; no view changes under an
open intent; what becomes of tokens when partitions are replaced or dropped.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from half_done import EXACT, PARTITION, ROWS, TABLES, VIEW, breaker, counts, decode, records, send

from millrace.clickhouse.client import Store
from millrace.streams.batch import STORE_PARTITIONS, EventBatch
from millrace.streams.doctor.views import WINDOW

pytestmark = [
    pytest.mark.integration,
    pytest.mark.requirement("METRIC-45", "GAME-24"),
]

HalfDone = Callable[[EventBatch], None]


@pytest.fixture
def leave_half_done(store: Store) -> HalfDone:
    return breaker(store)


# A deduplication window on every target, larger than an insert has parts.


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_a_window(store: Store, table: str) -> None:
    store.command(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 0")
    batch = decode(records())
    send(store, batch)
    assert counts(store) == EXACT
    send(store, batch)
    assert counts(store) == {**EXACT, table: 2 * ROWS}


def test_an_insert_has_fewer_parts_than_the_window(store: Store) -> None:
    assert STORE_PARTITIONS < WINDOW
    for table in TABLES:
        store.command(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 5")
    batch = decode(records(days=5))
    for _ in range(2):
        send(store, batch)
    assert counts(store) == EXACT


def test_an_insert_with_more_parts_than_the_window_doubles_at_once(store: Store) -> None:
    for table in TABLES:
        store.command(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 5")
    batch = decode(records(days=6))
    for _ in range(2):
        send(store, batch)
    assert counts(store) == dict.fromkeys(TABLES, 2 * ROWS)


def test_a_range_ends_before_it_touches_too_many_partitions() -> None:
    fetched = records(days=12)
    batch = decode(fetched)
    cut = batch.cut_before(5)
    assert cut == 5
    assert decode(fetched.until(cut)).cut_before(5) is None
    assert batch.cut_before(STORE_PARTITIONS) is None


def test_a_token_is_forgotten_after_as_many_parts_as_the_window(store: Store) -> None:
    for table in TABLES:
        store.command(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 5")
    first = decode(records(0, 10))
    send(store, first)
    for number in range(1, 5):
        send(store, decode(records(10 * number, 10)))
    send(store, first)
    assert counts(store) == dict.fromkeys(TABLES, 50)
    send(store, decode(records(50, 10)))
    send(store, first)
    assert counts(store) == dict.fromkeys(TABLES, 70)


# No view changes under an open intent.


@pytest.mark.parametrize(
    ("change", "exact"),
    [
        pytest.param(["DROP VIEW {view} SYNC", "{create}"], True, id="made again, the same"),
        pytest.param(
            ["DROP VIEW {view} SYNC", "{create_renamed}"], False, id="made again, another name"
        ),
        pytest.param(["RENAME TABLE {view} TO renamed"], False, id="renamed"),
        pytest.param(["ALTER TABLE {view} MODIFY QUERY {query}"], False, id="the same query set"),
    ],
)
def test_views_keep_their_identity(
    store: Store, leave_half_done: HalfDone, change: list[str], exact: bool
) -> None:
    ((query,),) = store.rows(
        "SELECT as_select FROM system.tables WHERE database = currentDatabase()"
        " AND name = {view:String}",
        {"view": VIEW},
    )
    words = {
        "view": VIEW,
        "query": query,
        "create": f"CREATE MATERIALIZED VIEW {VIEW} TO rollup_5m AS {query}",
        "create_renamed": f"CREATE MATERIALIZED VIEW renamed TO rollup_5m AS {query}",
    }
    batch = decode(records())
    leave_half_done(batch)
    for statement in change:
        store.command(statement.format(**words))
    send(store, batch)
    assert (counts(store) == EXACT) is exact


@pytest.mark.parametrize("table", ["events", "rollup_1h"])
def test_replacing_a_partition_keeps_its_tokens(store: Store, table: str) -> None:
    batch = decode(records())
    send(store, batch)
    store.command(f"CREATE TABLE copy AS {table}")
    store.command(f"INSERT INTO copy SELECT * FROM {table}")
    store.command(f"ALTER TABLE {table} REPLACE PARTITION {PARTITION} FROM copy")
    send(store, batch)
    assert counts(store) == EXACT


@pytest.mark.parametrize("table", ["events", "rollup_1h"])
def test_dropping_a_partition_forgets_the_tokens_of_what_it_drops(store: Store, table: str) -> None:
    batch = decode(records())
    send(store, batch)
    store.command(f"ALTER TABLE {table} DROP PARTITION {PARTITION}")
    assert counts(store) == {**EXACT, table: 0}
    send(store, batch)
    assert counts(store) == EXACT, "what was dropped comes back with a repeat"
