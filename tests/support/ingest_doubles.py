"""A store and a broker that record what is asked of them and fail on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa
from catalogues import SMALL
from faust.types import TP

from millrace.schemas.errors import StoreError
from millrace.streams.batch import EventBatch
from millrace.streams.clock import SystemClock
from millrace.streams.decode import Decoder
from millrace.streams.ingest import Ingest
from millrace.streams.intent import parse_intent
from millrace.streams.partition import Tools
from millrace.streams.record_batch import record_batch
from millrace.streams.settings import SinkSettings
from millrace.streams.sink import Sink
from millrace.streams.transport import Committed, Fenced, Fetched

PLACE = TP("events", 0)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TIMESTAMP = int(NOW.timestamp() * 1000)


class RecordingStore:
    """Keeps what is inserted, once a token; fails first with the errors it is given."""

    def __init__(self, *errors: StoreError) -> None:
        self.errors = list(errors)
        self.tables: dict[str, dict[str, pa.RecordBatch]] = {}
        self.steps: list[str] = []
        self.gate: Callable[[], None] = lambda: None

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        self.gate()
        if self.errors:
            raise self.errors.pop(0)
        self.steps.append(f"insert {table} {token}")
        self.tables.setdefault(table, {}).setdefault(token, batch)

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        if "FROM ingest_ledger" in sql:
            ends = [row["end_offset"] for row in self.all("ingest_ledger")]
            return [(0, max(ends))] if ends else []
        if "FROM events" in sql:
            offset = (parameters or {})["before"]
            found = [row for row in self.all("events") if row["offset"] < offset]
            return [(UUID(bytes=row["id"]), TIMESTAMP) for row in reversed(found)]
        raise AssertionError(sql)

    def all(self, table: str) -> list[dict[str, Any]]:
        batches = self.tables.get(table, {}).values()
        return [row for batch in batches for row in batch.to_pylist()]


class RecordingPositions:
    """A group's offset with its metadata; can fence its caller off."""

    def __init__(self, store: RecordingStore, committed: Committed | None = None) -> None:
        self.now = committed
        self.fenced = False
        self.held: set[TP] = set()
        self._store = store

    async def commit(self, tp: TP, offset: int, metadata: str, generation: int) -> None:
        if self.fenced:
            raise Fenced("Partition events-0 was rebalanced; offset not moved")
        intent = parse_intent(metadata)
        self._store.steps.append(f"commit {offset}" + (f" until {intent.end}" if intent else ""))
        self.now = Committed(offset, metadata)

    async def committed(self, tp: TP) -> Committed | None:
        return self.now

    def hold(self, tp: TP) -> None:
        self.held.add(tp)

    def release(self, tp: TP) -> None:
        self.held.discard(tp)


async def no_wait(_: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def running(
    store: RecordingStore,
    positions: RecordingPositions,
    *,
    sleep: Callable[[float], Awaitable[None]] = no_wait,
    **settings: Any,
) -> AsyncIterator[Ingest]:
    sink = Sink(store, SystemClock(), sleep=sleep)

    async def publish(batch: EventBatch) -> None:
        if batch.refusals:
            store.steps.append(f"publish {len(batch.refusals)}")

    async def decoder_of(fingerprint: str) -> Decoder:
        assert fingerprint == SMALL.fingerprint
        return Decoder(SMALL, b"key")

    ingest = Ingest(
        Tools(
            settings=SinkSettings(**{"max_seconds": 0.01, **settings}),
            sink=sink,
            positions=positions,
            decoder=Decoder(SMALL, b"key"),
            decoder_of=decoder_of,
            logs={"events": "log"},
            publish=publish,
            stored=lambda batch, seconds: None,
            clock=SystemClock(),
        )
    )
    ingest.assigned({PLACE}, generation=1)
    try:
        yield ingest
    finally:
        await ingest.close()
        sink.close()


def good(number: int, **fields: Any) -> bytes:
    document = {
        "id": str(UUID(int=number)),
        "name": "a.b",
        "occurred_at": "2026-11-20T11:59:00Z",
        "value": number,
        **fields,
    }
    return json.dumps(document).encode()


def fetched(first: int, records: Sequence[bytes], generation: int = 1) -> Fetched:
    offsets = range(first, first + len(records))
    return Fetched(
        generation,
        record_batch("events", 0, first, offsets, [TIMESTAMP] * len(records), records),
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # the condition has no event to wait for
            await asyncio.sleep(0.005)
