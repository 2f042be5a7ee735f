"""The sink: stores one range so that it counts once, in raw, rollups, dead letters and ledger.

A range is inserted under a token made of its coordinates. After any failure the same range is
sent again with the same token, and the store completes whatever was missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

import pyarrow as pa

from millrace.clickhouse.probe import refused_rows
from millrace.clickhouse.retry import retryable
from millrace.schemas.catalogue import Catalogue
from millrace.schemas.errors import MillraceError, StoreError
from millrace.streams.batch import EventBatch
from millrace.streams.budgets import Budgets
from millrace.streams.clock import Clock
from millrace.streams.duplicates import RecentIds
from millrace.streams.kept_catalogues import keep_catalogue, kept_catalogue
from millrace.streams.log_positions import ledger_ends
from millrace.streams.permit import Permit
from millrace.streams.recall import Past, known_values, recall

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: How the names of the threads begin in which inserts wait for the store.
INSERT_THREADS: Final = "sink"
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 10.0
#: More rows than this are not at fault themselves, and their offsets must fit into the intent.
_MOST_REFUSED: Final = 100


class Storage(Protocol):
    """What the sink asks of the store; :class:`millrace.clickhouse.client.Store` has it."""

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block."""

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""

    def arrow(self, sql: str, parameters: dict[str, Any] | None = None) -> pa.Table:
        """Return all rows of a query as columns."""

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing."""


class RowsRefused(MillraceError):
    """The store will never take the rows at these offsets; it has stored nothing of the insert."""

    def __init__(self, offsets: tuple[int, ...]) -> None:
        super().__init__(f"The store cannot take {len(offsets)} rows")
        self.offsets = offsets


class _Stale(Exception):
    """The permit has run out while the insert waited for its thread."""


class Sink:
    """Stores decoded ranges, several at a time, and reads back what a takeover needs."""

    def __init__(
        self,
        store: Storage,
        clock: Clock,
        *,
        on_retry: Callable[[str, int], None] = lambda topic, code: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        inserts: int = 8,
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_retry = on_retry
        self._sleep = sleep
        self._threads = ThreadPoolExecutor(inserts, thread_name_prefix=INSERT_THREADS)

    async def store(self, batch: EventBatch, permit: Permit) -> None:
        """Insert everything that a range came to, but for its ledger row, side by side.

        Returns when all of it is stored; what passes (the store away, overloaded) is waited out.
        Raises RowsRefused when some rows can never be stored, Fenced when the range has become
        another worker's.
        """
        decoders, stores = batch.dead_letters()
        await asyncio.gather(
            self._insert_events(batch, permit),
            self._insert("dead_letters", decoders, batch, permit),
            # Under a token of its own: the others may have been stored before these were known.
            self._insert("dead_letters", stores, batch, permit, part=":refused"),
            self._insert("dropped_keys", batch.dropped_keys(), batch, permit),
            self._insert("tag_values", batch.new_tag_values(), batch, permit),
            self._insert("tag_overflows", batch.tag_overflows(), batch, permit),
        )

    async def enter(self, batch: EventBatch, catalogue: str, permit: Permit) -> None:
        """Enter a stored range into the ledger; raises Fenced as ``store`` does."""
        flushed_at = int(self._clock.now().timestamp() * 1000)
        await self._insert("ingest_ledger", batch.ledger(catalogue, flushed_at), batch, permit)

    async def ask(self, topic: str, question: Callable[[Storage], T]) -> T:
        """Put a question to the store on account of a topic; what passes is waited out."""
        return await self._patiently(topic, lambda: question(self._store))

    async def ledger_end(self, log: str, topic: str, partition: int) -> int | None:
        """Return where the ledger ends for a partition, None when it has no row."""
        ends = await self._patiently(topic, lambda: ledger_ends(self._store, log, topic))
        return ends.get(partition)

    async def recall(self, past: Past, recent: RecentIds) -> None:
        """Reload the ids stored below an offset, as they were in memory there."""
        await self._patiently(past.topic, lambda: recall(self._store, past, recent))

    async def recall_values(self, past: Past, budgets: Budgets) -> None:
        """Reload the tag values that were known at an offset."""
        budgets.load(await self._patiently(past.topic, lambda: known_values(self._store, past)))

    async def keep_catalogue(self, catalogue: Catalogue) -> None:
        """Keep a catalogue under its fingerprint, before the first intent names it."""
        now = self._clock.now()
        await self._patiently("", lambda: keep_catalogue(self._store, catalogue, now))

    async def catalogue(self, fingerprint: str) -> Catalogue:
        """Return the kept catalogue of a fingerprint; ConfigurationError when there is none."""
        return await self._patiently("", lambda: kept_catalogue(self._store, fingerprint))

    def close(self) -> None:
        """Give up the threads; an insert under way is left to end by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _insert_events(self, batch: EventBatch, permit: Permit) -> None:
        try:
            await self._insert("events", batch.rows, batch, permit, patient=False)
        except StoreError as error:
            most = _MOST_REFUSED - len(batch.refused_by_store)
            places = await self._patiently(
                batch.topic, lambda: refused_rows(self._store, "events", batch.rows, most)
            )
            if places:
                offsets = tuple(batch.rows.column("offset").take(pa.array(places)).to_pylist())
                logger.error("%s; the rows at offsets %s become dead letters.", error, offsets)
                raise RowsRefused(offsets) from error
            # Not the rows' fault: nothing may be lost until somebody has mended it.
            logger.error("%s; no row is at fault, this needs a hand; trying again.", error)
            await self._insert("events", batch.rows, batch, permit)

    async def _insert(
        self,
        table: str,
        rows: pa.RecordBatch,
        batch: EventBatch,
        permit: Permit,
        *,
        part: str = "",
        patient: bool = True,
    ) -> None:
        if not rows.num_rows:
            return

        def send() -> None:
            # Looked at here too: the thread may have had to wait, or the whole process.
            if not permit.fresh:
                raise _Stale
            self._store.insert(table, rows, batch.token + part)

        while True:
            if not permit.fresh:
                await permit.renew()
            try:
                await self._patiently(batch.topic, send, patient=patient)
            except _Stale:
                continue
            return

    async def _patiently(self, topic: str, act: Callable[[], T], *, patient: bool = True) -> T:
        """Act until it succeeds. Unless ``patient``, an error that will not pass is raised."""
        wait = _FIRST_WAIT
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, act)
            except StoreError as error:
                passing = retryable(error.code)
                self._on_retry(topic, error.code)
                if not passing and not patient:
                    raise
                hint = "" if passing else "this needs a hand; "
                logger.error("%s; %strying again in %.1f s.", error, hint, wait)
            await self._sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
