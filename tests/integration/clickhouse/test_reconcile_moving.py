"""Reconcile while workers write: what is on its way is never a difference, what is lost is one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from event_rows import LOG, TOPIC, Row, events_batch
from ranges import dead_letters, delete, insert_range, ledger_row
from store_fixtures import RETENTION

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Span
from millrace.clickhouse.reconcile import Terms, compare_store

pytestmark = pytest.mark.integration

ROWS = 600

LONG = os.environ.get("FAULTS_LONG") == "1"
#: So many seconds at least; three looks anyway.
SECONDS = 60 if LONG else 5
#: Between two ranges of a writer: without it nearly all time goes into the writing.
REST = 0 if LONG else 0.2


def rows_of_now(partition: int, first: int) -> list[Row]:
    """Rows in the series and the minute that every range writes to, and some in older ones."""
    now = datetime.now(UTC)
    return [
        Row(
            offset,
            now - timedelta(seconds=offset % 200),
            name=f"name.{offset % 5}",
            measurements={"value": offset / 7},
            tags={"zone": str(offset % 3)},
            partition=partition,
        )
        for offset in range(first, first + ROWS, 3)
    ]


def write(store: Store, partition: int, stop: threading.Event) -> None:
    """Store range after range with the whole protocol."""
    first = 0
    while not stop.wait(REST):
        end = first + ROWS
        rows = rows_of_now(partition, first)
        token = f"{partition}:{first}-{end}"
        letters = dead_letters(partition, range(first + 1, end, 3))
        inserts = [
            threading.Thread(target=store.insert, args=("events", events_batch(rows), token)),
            threading.Thread(target=store.insert, args=("dead_letters", letters, token)),
        ]
        for insert in inserts:
            insert.start()
        for insert in inserts:
            insert.join()
        store.insert("ingest_ledger", ledger_row(partition, first, end, rows), token)
        first = end


@contextmanager
def writers(store: Store, partitions: int) -> Iterator[None]:
    stop = threading.Event()
    threads = [
        threading.Thread(target=write, args=(store, partition, stop))
        for partition in range(partitions)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def look(store: Store) -> list[str]:
    log = [Span(Place(LOG, TOPIC, partition), 0, 2**40) for partition in range(3)]
    terms = Terms(RETENTION, datetime.now(UTC))
    return compare_store(store, log, terms).differences


@pytest.mark.requirement("METRIC-45")
def test_what_workers_write_meanwhile_is_never_a_difference(store: Store) -> None:
    with writers(store, 3):
        deadline = time.monotonic() + SECONDS
        looks = 0
        while time.monotonic() < deadline or looks < 3:
            assert look(store) == []
            looks += 1
    assert look(store) == []


def test_what_is_lost_is_found_while_workers_write(store: Store) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    still = [Row(offset, yesterday, name="name.1", partition=7) for offset in range(0, 30, 3)]
    insert_range(store, 7, 0, 30, still)
    with writers(store, 2):
        assert look(store) == []
        delete(store, "events", "partition = 7 AND offset = 6")
        found = look(store)
        assert any("partition 7, range 0 to 30: expected 10 rows, found 9" in one for one in found)
        assert any(one.startswith("rollup_1m, ") and "bucket" in one for one in found)
        assert all(" name.1 " in one or " partition 7" in one or "all days" in one for one in found)
