"""Ranges that are real, and inserts that are left half done or sent otherwise than they must be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pytest
from catalogues import SMALL

from millrace.clickhouse import client
from millrace.clickhouse.client import INSERT_SETTINGS, Store
from millrace.schemas.errors import StoreError
from millrace.streams.batch import EventBatch
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import RecordBatch, record_batch

NOON = datetime.combine(datetime.now(UTC).date() - timedelta(days=1), time(12), UTC)
ROWS = 100
ROLLUPS = ("rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")
TABLES = ("events", *ROLLUPS)
EXACT = dict.fromkeys(TABLES, ROWS)
VIEW = "rollup_5m_view"
PARTITION = f"('{NOON:%Y-%m-%d}', 'default')"


def records(first: int = 0, count: int = ROWS, *, days: int = 1) -> RecordBatch:
    """A fetch of valid records, always the same for the same offsets; some keys are dropped."""

    def record(number: int) -> bytes:
        moment = NOON - timedelta(days=number % days, seconds=number % 50)
        document = {
            "name": "a.b",
            "occurred_at": moment.isoformat().replace("+00:00", "Z"),
            "value": float(number % 7),
            "tags": {"k": str(number % 5), **({} if number % 9 else {"email": "x"})},
        }
        return json.dumps(document).encode()

    stamp = int((NOON + timedelta(hours=1)).timestamp() * 1000)
    offsets = range(first, first + count)
    return record_batch("events", 0, first, offsets, [stamp] * count, list(map(record, offsets)))


def decode(found: RecordBatch, catalogue: Any = SMALL) -> EventBatch:
    batch = Decoder(catalogue, b"key").decode(found, "log")
    assert batch.stored == len(found)
    return batch


def send(store: Store, batch: EventBatch) -> None:
    store.insert("events", batch.rows, batch.token)


def counts(store: Store) -> dict[str, int]:
    """How many events each table speaks of."""
    figures = {"events": store.rows("SELECT count() FROM events")[0][0]}
    for table in ROLLUPS:
        figures[table] = store.rows(f"SELECT sum(events) FROM {table}")[0][0]
    return figures


def shares(store: Store, table: str) -> list[tuple[Any, ...]]:
    """Events and sum of values by tags, of the raw rows or of a rollup."""
    what = "count(), sum(measurements['value'])" if table == "events" else "sum(events), sum(sum)"
    return store.rows(f"SELECT tags, {what} FROM {table} GROUP BY tags ORDER BY toString(tags)")


def breaker(store: Store) -> Callable[[EventBatch], None]:
    """Return what leaves an insert half done: raw and the first rollups in, then a view throws.

    The view that throws is there from now on and stays, so that a repeat meets the same views.
    """
    store.command("CREATE TABLE switch (thrown UInt8) ENGINE = Memory")
    store.command("CREATE TABLE nowhere (x UInt8) ENGINE = Null")
    store.command(
        "CREATE MATERIALIZED VIEW breaker TO nowhere AS"
        " SELECT throwIf((SELECT max(thrown) FROM switch) = 1) AS x FROM rollup_5m"
    )

    def half(batch: EventBatch) -> None:
        store.command("INSERT INTO switch VALUES (1)")
        with pytest.raises(StoreError) as caught:
            send(store, batch)
        assert caught.value.code == 395
        store.command("TRUNCATE TABLE switch")
        found = counts(store)
        assert found["events"] == batch.stored, "raw is not in"
        assert found["rollup_1d"] == 0, "the rollups are in"

    return half


@contextmanager
def inserting(
    monkeypatch: pytest.MonkeyPatch, batches: int = 1, /, **settings: int | str
) -> Iterator[None]:
    """Let inserts send so many record batches, or other settings, inside the block."""

    def split(batch: pa.RecordBatch) -> pa.Buffer:
        sink, step = pa.BufferOutputStream(), -(-batch.num_rows // batches)
        with pa.ipc.new_file(sink, batch.schema) as writer:
            for start in range(0, batch.num_rows, step):
                writer.write_batch(batch.slice(start, step))
        return sink.getvalue()

    with monkeypatch.context() as patched:
        patched.setattr(client, "serialize", split)
        patched.setattr(client, "INSERT_SETTINGS", {**INSERT_SETTINGS, **settings})
        yield
