"""A log with refused records in it, for tests of what may become of dead letters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pyarrow as pa
from catalogues import FORGIVING, SMALL

from millrace.schemas.catalogue import Catalogue, Declaration
from millrace.schemas.event import Kind
from millrace.streams.decode import Decoder
from millrace.streams.duplicates import RecentIds
from millrace.streams.letter_records import select
from millrace.streams.letter_work import LetterWork
from millrace.streams.letters import Place, Tables
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.redrive import Redrive
from millrace.streams.settings import SinkSettings

NOW = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
START = int(NOW.timestamp() * 1000)

#: SMALL refuses game.quest; this one knows it.
FIXED: Catalogue = replace(
    SMALL,
    namespaces={
        **SMALL.namespaces,
        "game": replace(
            FORGIVING,
            events={
                **FORGIVING.events,
                "game.quest": Declaration(
                    name="game.quest",
                    kind=Kind.COUNTER,
                    measurements={"value": "count"},
                    tags=frozenset({"zone"}),
                ),
            },
        ),
    },
    fingerprint="fixed",
)
DECODERS = {one.fingerprint: Decoder(one, b"key") for one in (SMALL, FIXED)}


class Crash(Exception):
    """The process dies here."""


def event(number: int, *, name: str = "game.quest", **fields: Any) -> bytes:
    """Return an event; of this name SMALL refuses it."""
    document = {
        "id": str(UUID(int=number)),
        "name": name,
        "occurred_at": (NOW - timedelta(seconds=number)).isoformat(),
        "value": number,
        **fields,
    }
    return json.dumps(document).encode()


class LetterLog:
    """One partition: what Kafka keeps of it, taken in by SMALL."""

    def __init__(self, records: Sequence[bytes], *, partition: int = 0, step: int = 10) -> None:
        self.place = Place("log", "telemetry.events", partition)
        offsets = range(5, 5 + len(records))
        times = [START + step * place for place in range(len(records))]
        self.records = record_batch("telemetry.events", partition, 5, offsets, times, records)
        self.start = 0
        self.reads = 0

    def ingest(self, store: Tables) -> None:
        """Store what SMALL accepts, and letters for the rest."""
        batch = DECODERS["small"].decode(self.records, self.place.log)
        batch = batch.keep(RecentIds(1000, 600.0).fresh(batch))
        store.insert("events", batch.rows, batch.token)
        store.insert("dead_letters", batch.dead_letters()[0], batch.token)
        store.insert("ingest_ledger", batch.ledger("small", START), batch.token)

    def __call__(self, topic: str, partition: int, offsets: Sequence[int]) -> RecordBatch:
        """Answer as Kafka does."""
        self.reads += 1
        assert (topic, partition) == self.place[1:]
        return select(self.records, [offset for offset in offsets if offset >= self.start])


class CrashingStore:
    """Passes everything on until a write at which the process dies, before it or after it."""

    def __init__(self, store: Tables, at: int = -1, *, after: bool = False) -> None:
        self._store, self._at, self._after = store, at, after
        self.writes: list[str] = []

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        self._write(f"insert {table}", lambda: self._store.insert(table, batch, token))

    def command(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        def send() -> None:
            self._store.command(sql, parameters, settings)

        if "_probe_" in sql:
            send()
        else:
            self._write(" ".join(sql.split()[:3]), send)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self._store.rows(sql, parameters)

    def _write(self, what: str, send: Callable[[], None]) -> None:
        if "_probe_" in what:
            send()
            return
        dies = len(self.writes) == self._at
        self.writes.append(what)
        if dies and not self._after:
            raise Crash
        send()
        if dies:
            raise Crash


def worker_on(
    store: Tables,
    log: LetterLog,
    *,
    current: bool = True,
    renew: Callable[[], None] = lambda: None,
) -> LetterWork:
    """Return what carries jobs out, without a lease."""
    return LetterWork(
        store,
        records=log,
        decoder_of=DECODERS.__getitem__,
        current=lambda place: current,
        renew=renew,
        now=lambda: NOW,
    )


def redrive_on(
    store: Tables,
    log: LetterLog,
    *,
    catalogue: Catalogue = FIXED,
    dry_run: bool = False,
    current: bool = True,
    renew: Callable[[], None] = lambda: None,
    chunk: int = 10_000,
    max_bytes: int = 1_000_000,
) -> Redrive:
    """Return a redrive of one partition's letters."""
    return Redrive(
        store,
        None if dry_run else worker_on(store, log, current=current, renew=renew),
        records=log,
        decoder=DECODERS[catalogue.fingerprint],
        current=lambda place: current and place == log.place,
        settings=SinkSettings(max_bytes=max_bytes),
        chunk=chunk,
    )
