"""The figures of the real engine are those of the rows that were put in."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from event_rows import NOON, Row, events_batch

from millrace.clickhouse.client import Store
from millrace.streams.clock import SystemClock
from millrace.streams.settings import Settings
from millrace.streams.store_figures import Figure, StoreFigures, disks, merges, tables

pytestmark = pytest.mark.integration
_TABLES = ("events", *(f"rollup_{grain}" for grain in ("1m", "5m", "1h", "1d")))


def fill(store: Store) -> None:
    """Three inserts of one day of the game, one insert of two days of the web application."""
    for table in _TABLES:
        store.command(f"SYSTEM STOP MERGES {table}")
    for number in range(3):
        rows = [
            Row(10 * number + one, name="bezgelor.quest.accepted", retention_class="game")
            for one in range(4)
        ]
        store.insert("events", events_batch(rows), f"game {number}")
    days = [
        Row(
            100 + one,
            NOON - timedelta(days=one % 2),
            name="webapp.page_view",
            tags={"page_name": f"page {one}"},
            retention_class="webapp",
        )
        for one in range(6)
    ]
    store.insert("events", events_batch(days), "webapp")


def by_tags(figures: list[Figure], name: str) -> dict[tuple[str, ...], dict[str, float]]:
    return {tuple(tags.values()): measured for found, measured, tags in figures if found == name}


@pytest.mark.requirement("WEBAPP-55", "WEBAPP-56")
def test_rows_and_parts_are_those_that_were_inserted(store: Store) -> None:
    fill(store)
    figures = list(tables(store))
    sizes = by_tags(figures, "table")
    assert sizes["events", "game"]["rows"] == 12
    # One part an insert holds one row of its minute; six pages are six tag sets.
    assert sizes["rollup_1m", "game"]["rows"] == 3
    for table in _TABLES:
        assert sizes[table, "webapp"]["rows"] == 6
        assert sizes[table, "webapp"]["bytes"] > 0
    parts = by_tags(figures, "parts")
    assert parts[("events",)] == {"parts": 3, "total": 5}
    assert ("schema_migrations", "default") in sizes
    assert {tags[1] for tags in sizes} == {"default", "game", "webapp"}


def test_another_database_is_not_counted(store: Store, store_server: str) -> None:
    fill(store)
    other = Store.connect(f"{store_server}/default")
    other.command("CREATE TABLE stranger (a UInt8) ENGINE = MergeTree ORDER BY a")
    try:
        other.command("INSERT INTO stranger VALUES (1)")
        assert ("stranger",) in by_tags(list(tables(other)), "parts")
        assert ("stranger",) not in by_tags(list(tables(store)), "parts")
    finally:
        other.command("DROP TABLE stranger SYNC")
        other.close()


def test_merges_and_disks_answer(store: Store) -> None:
    ((name, running, tags),) = merges(store)
    assert (name, tags) == ("merges", {})
    assert running["running"] >= 0
    found = by_tags(list(disks(store)), "disk")
    assert found
    for disk in found.values():
        assert 0 < disk["free_bytes"] <= disk["total_bytes"]


def test_a_worker_tells_all_of_them(store: Store, store_url: str) -> None:
    fill(store)
    sent: list[dict[str, Any]] = []

    async def once() -> None:
        done = asyncio.Event()

        async def send(events: list[dict[str, Any]]) -> None:
            sent.extend(events)
            done.set()

        figures = StoreFigures(Settings(), lambda: Store.connect(store_url), SystemClock(), send)
        figures.start()
        await done.wait()
        figures.stop()

    asyncio.run(once())
    assert {event["name"].removeprefix("millrace.store.") for event in sent} == {
        *("table", "parts", "merges", "disk")
    }
