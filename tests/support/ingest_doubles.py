"""A store and a broker that record what is asked of them and fail on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa
from catalogues import SMALL
from faust.types import TP

from millrace.schemas.errors import StoreError
from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock, SystemClock
from millrace.streams.decode import Decoder
from millrace.streams.gate import GateTools
from millrace.streams.ingest import Ingest
from millrace.streams.intent import parse_intent
from millrace.streams.partition_tools import Log, Tools
from millrace.streams.projections import Projections
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.settings import RefusalSettings, SinkSettings
from millrace.streams.sink import Sink
from millrace.streams.telemetry import Telemetry
from millrace.streams.transport_thread import Committed, Fenced, Fetched, Membership

PLACE = TP("events", 0)
FIRST, SECOND = Membership(1, "member"), Membership(2, "member")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TIMESTAMP = int(NOW.timestamp() * 1000)


class RecordingStore:
    """Keeps what is inserted, once a token; fails first with the errors it is given."""

    def __init__(self, *errors: StoreError) -> None:
        self.errors = list(errors)
        self.tables: dict[str, dict[str, pa.RecordBatch]] = {}
        self.steps: list[str] = []
        self.gate: Callable[[], None] = lambda: None
        self.poison: set[int] = set()  # offsets that no table takes

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        self.gate()
        if self.errors:
            raise self.errors.pop(0)
        if table.startswith("events") and self.poison & set(batch.column("offset").to_pylist()):
            raise StoreError("Type mismatch", 53)
        if "_probe_" in table:
            return
        self.steps.append(f"insert {table} {token}")
        self.tables.setdefault(table, {}).setdefault(token, batch)

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        if "FROM ingest_ledger" in sql:
            ends = [row["end_offset"] for row in self.all("ingest_ledger")]
            return [(0, max(ends))] if ends else []
        if "value FROM tag_values" in sql:
            return [
                (row["tenant"], row["name"], row["key"], row["value"])
                for row in self.all("tag_values")
                if row["offset"] < (parameters or {})["before"]
            ]
        if "max(at) FROM ingest_pauses" in sql:
            said = [row["at"] for row in self.all("ingest_pauses")]
            return [(max(said, default=datetime.fromtimestamp(0, UTC)),)]
        if "FROM ingest_pauses" in sql:
            newest = self.all("ingest_pauses")[-1:]
            return [
                ("log", "events", 0, row["offset"], row["reason"], row["at"])
                for row in newest
                if not row["state"]
            ]
        raise AssertionError(sql)

    def arrow(self, sql: str, parameters: dict[str, Any] | None = None) -> pa.Table:
        assert "FROM events" in sql
        offset = (parameters or {})["before"]
        ids = [row["id"] for row in self.all("events") if row["offset"] < offset][::-1]
        times = pa.array([TIMESTAMP] * len(ids), pa.int64())
        return pa.table({"id": pa.array(ids, pa.binary(16)), "received": times})

    def command(self, sql: str) -> None:
        assert "_probe_" in sql

    def all(self, table: str) -> list[dict[str, Any]]:
        batches = self.tables.get(table, {}).values()
        return [row for batch in batches for row in batch.to_pylist()]


class RecordingPositions:
    """A group's offset with its metadata; can fence its caller off."""

    def __init__(self, store: RecordingStore, committed: Committed | None = None) -> None:
        self.now = committed
        self.fenced = False
        self.held: set[TP] = set()
        self.start = 0
        self.topic = "id"
        self.current = FIRST  # as whom fetches are made
        self._deliver_to: Callable[[Fetched], None] = lambda fetched: None
        self._log: list[RecordBatch] = []
        self.reading, self.next = 0, 0
        self.member = FIRST  # the newest that the group has seen
        self._store = store

    async def commit(self, tp: TP, offset: int, metadata: str, membership: Membership) -> None:
        if membership.generation > self.member.generation:
            self.member = membership
        if self.fenced or membership != self.member:
            raise Fenced("Partition events-0 was rebalanced; offset not moved")
        intent = parse_intent(metadata)
        self._store.steps.append(f"commit {offset}" + (f" until {intent.end}" if intent else ""))
        self.now = Committed(offset, metadata)

    async def committed(self, tp: TP) -> Committed | None:
        return self.now

    def attach(self, deliver: Callable[[Fetched], None]) -> None:
        """Deliver what is in the log to an ingest."""
        self._deliver_to = deliver

    def append(self, records: RecordBatch) -> None:
        """Put records into the log, where they are fetched at once."""
        self._log.append(records)
        self._fetch(records)

    async def read_from(self, tp: TP, offset: int, reading: int) -> None:
        self.reading, self.next = reading, offset
        for records in list(self._log):
            self._fetch(records)

    def _fetch(self, records: RecordBatch) -> None:
        if records.end > self.next and PLACE not in self.held:
            part = replace(records.since(self.next), first=self.next)
            self.next = part.end
            self._deliver_to(Fetched(self.current, self.reading, part))

    async def topic_id(self, topic: str) -> str:
        return self.topic

    async def log_start(self, tp: TP) -> int:
        return self.start

    def hold(self, tp: TP) -> None:
        self.held.add(tp)

    def release(self, tp: TP) -> None:
        self.held.discard(tp)
        for records in list(self._log):
            self._fetch(records)


class FedIngest(Ingest):
    """An ingest whose records come out of a log, as often as they are read."""

    def __init__(self, tools: Tools, positions: RecordingPositions) -> None:
        super().__init__(tools)
        self._positions = positions
        positions.attach(super().add)

    def assigned(self, tps: Iterable[TP], membership: Membership) -> None:
        self._positions.current = membership
        super().assigned(tps, membership)

    def add(self, fetched: Fetched) -> None:
        self._positions.append(fetched.records)


class FreshPermit:
    """A permit that never runs out."""

    fresh = True

    async def renew(self) -> None:
        """Nothing to do."""


class SteppedClock(SystemClock):
    """A clock whose monotonic time moves only when a test says so."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


async def no_wait(_: float) -> None:
    await asyncio.sleep(0)


def _tools(
    store: RecordingStore,
    positions: RecordingPositions,
    sink: Sink,
    gates: GateTools,
    *,
    settings: SinkSettings,
    partitions: int,
) -> Tools:
    async def publish(batch: EventBatch) -> None:
        if batch.refusals:
            store.steps.append(f"publish {len(batch.refusals)}")

    async def decoder_of(fingerprint: str) -> Decoder:
        assert fingerprint == SMALL.fingerprint
        return Decoder(SMALL, b"key")

    async def co_partitioned(tp: TP) -> bool:
        return tp.partition < partitions

    return Tools(
        settings=settings,
        permit_seconds=5.0,
        sink=sink,
        positions=positions,
        decoder=Decoder(SMALL, b"key"),
        decoder_of=decoder_of,
        logs={"events": Log("log", "id")},
        co_partitioned=co_partitioned,
        publish=publish,
        project=lambda tp: None,
        gates=gates,
        watcher=Telemetry(gates.clock, "worker"),
        clock=gates.clock,
    )


@asynccontextmanager
async def running(
    store: RecordingStore,
    positions: RecordingPositions,
    *,
    sleep: Callable[[float], Awaitable[None]] = no_wait,
    clock: Clock | None = None,
    refusals: RefusalSettings | None = None,
    tail: Sequence[bytes] = (),
    partitions: int = 1,
    telemetry: Telemetry | None = None,
    project: Callable[[TP], Projections | None] = lambda tp: None,
    **settings: Any,
) -> AsyncIterator[FedIngest]:
    clock = clock or SystemClock()
    sink = Sink(store, clock, sleep=sleep)
    watcher = telemetry or Telemetry(clock, "worker")

    async def newest(tp: TP) -> RecordBatch | None:
        return fetched(1_000_000, list(tail)).records if tail else None

    gates = GateTools(
        refusals or RefusalSettings(look_seconds=0.01), sink, clock, newest, watcher.paused
    )
    chosen = SinkSettings(**{"max_seconds": 0.01, **settings})
    tools = _tools(store, positions, sink, gates, settings=chosen, partitions=partitions)
    ingest = FedIngest(replace(tools, watcher=watcher, clock=clock, project=project), positions)
    ingest.assigned({PLACE}, FIRST)
    await until(lambda: positions.reading > 0 or bool(positions.held))
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


def fetched(first: int, records: Sequence[bytes], membership: Membership = FIRST) -> Fetched:
    offsets = range(first, first + len(records))
    return Fetched(
        membership,
        0,
        record_batch("events", 0, first, offsets, [TIMESTAMP] * len(records), records),
    )


def done(store: RecordingStore, position: int) -> Callable[[], bool]:
    return lambda: f"commit {position}" in store.steps


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # the condition has no event to wait for
            await asyncio.sleep(0.005)
