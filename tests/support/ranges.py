"""Ranges as a worker leaves them: raw rows, dead letters and the ledger's row, by any offsets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from event_rows import LOG, NOON, TOPIC, Row, events_batch
from store_fixtures import RETENTION

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Report, Span
from millrace.clickhouse.reconcile import Terms, compare_store

NOW = datetime.now(UTC)
PLACE = f"{TOPIC} partition 0"
#: What the log holds of the two partitions that ``fill`` fills.
WHOLE = (Span(Place(LOG, TOPIC, 0), 0, 60), Span(Place(LOG, TOPIC, 1), 0, 30))


def fill(store: Store) -> None:
    """Two partitions of 60 and 30 offsets in ranges of 30, all in order."""
    insert_range(store, 0, 0, 30)
    insert_range(store, 0, 30, 60)
    insert_range(store, 1, 0, 30)


def run(store: Store, log: Sequence[Span] = WHOLE, **changes: Any) -> Report:
    """Compare the store with itself and the ends of the log."""
    terms = Terms(**{"retention": RETENTION, "now": NOW, "sleep": lambda _: None, **changes})
    return compare_store(store, log, terms)


def differences(store: Store, log: Sequence[Span] = WHOLE, **changes: Any) -> list[str]:
    """What differs, a sentence each."""
    return run(store, log, **changes).differences


def events(partition: int, first: int, end: int) -> list[Row]:
    """Of every three offsets the first is stored; then come a dead letter and a duplicate."""
    return [
        Row(
            offset,
            NOON + timedelta(hours=offset % 20),
            name=f"name.{offset % 2}",
            measurements={"a": offset / 7, "b": -1.0} if offset % 2 else {"a": 1e9},
            tags={"zone": str(offset % 4)},
            partition=partition,
        )
        for offset in range(first, end, 3)
    ]


def insert_range(
    store: Store, partition: int, first: int, end: int, rows: Sequence[Row] | None = None
) -> list[Row]:
    """Store a range as a worker does, the ledger's row last; returns its rows."""
    found = events(partition, first, end) if rows is None else list(rows)
    token = f"{partition}:{first}-{end}"
    store.insert("events", events_batch(found), token)
    store.insert("dead_letters", dead_letters(partition, range(first + 1, end, 3)), token)
    store.insert("ingest_ledger", ledger_row(partition, first, end, found), token)
    return found


def dead_letters(partition: int, offsets: Sequence[int]) -> pa.RecordBatch:
    """Rows of dead_letters."""
    return pa.RecordBatch.from_pydict(
        {
            **_coordinates(partition, len(offsets)),
            "offset": pa.array(list(offsets), pa.uint64()),
            "received_at": pa.array([NOW] * len(offsets), pa.timestamp("ms", "UTC")),
            "reason": pa.array(["malformed_json"] * len(offsets)),
        }
    )


def mark(store: Store, partition: int, offset: int, what: str) -> None:
    """Mark a letter as one that was redriven, purged or the like."""
    code = ("redriven", "duplicate", "refused", "purged").index(what)
    columns = {
        **_coordinates(partition, 1),
        "offset": pa.array([offset], pa.uint64()),
        "mark": pa.array([code], pa.int8()),
        "job": pa.array(["job"]),
        "catalogue": pa.array(["catalogue"]),
        "at": pa.array([NOW], pa.timestamp("ms", "UTC")),
    }
    store.insert("letter_marks", pa.RecordBatch.from_pydict(columns), f"{offset} {what}")


def ledger_row(
    partition: int, first: int, end: int, rows: Sequence[Row], **changes: int
) -> pa.RecordBatch:
    """The ledger's row of a range; what is neither stored nor rejected was a duplicate."""
    rejected = len(range(first + 1, end, 3))
    counts = {
        "delivered": end - first,
        "stored": len(rows),
        "rejected": rejected,
        "duplicate": end - first - len(rows) - rejected,
        **changes,
    }
    days = [row.occurred_at.date() for row in rows] or [datetime(1970, 1, 1, tzinfo=UTC).date()]
    columns: dict[str, Any] = {
        **_coordinates(partition, 1),
        "first_offset": pa.array([first], pa.uint64()),
        "end_offset": pa.array([end], pa.uint64()),
        **{name: pa.array([count], pa.uint64()) for name, count in counts.items()},
        "first_day": pa.array([min(days)], pa.date32()),
        "last_day": pa.array([max(days)], pa.date32()),
        "flushed_at": pa.array([NOW], pa.timestamp("ms", "UTC")),
    }
    return pa.RecordBatch.from_pydict(columns)


def delete(store: Store, table: str, condition: str) -> None:
    """Delete rows and wait until they are gone."""
    store.command(f"ALTER TABLE {table} DELETE WHERE {condition}", settings={"mutations_sync": 2})


def _coordinates(partition: int, number: int) -> dict[str, pa.Array]:
    return {
        "log": pa.array([LOG] * number),
        "topic": pa.array([TOPIC] * number),
        "partition": pa.array([partition] * number, pa.uint32()),
    }
