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

from millrace.clickhouse.retry import retryable
from millrace.schemas.catalogue import Catalogue
from millrace.schemas.catalogue_files import canonical
from millrace.schemas.errors import StoreError
from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock
from millrace.streams.duplicates import RecentIds
from millrace.streams.kept_catalogues import kept_catalogue
from millrace.streams.log_positions import ledger_ends
from millrace.streams.recall import Past, recall

logger = logging.getLogger(__name__)
T = TypeVar("T")

_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 10.0
#: A code that never passes is tried again all the same, rarely: the range must not be lost.
_STUBBORN_WAIT: Final = 30.0


class Storage(Protocol):
    """What the sink asks of the store; :class:`millrace.clickhouse.client.Store` has it."""

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block."""

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""


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
        self._threads = ThreadPoolExecutor(inserts, thread_name_prefix="sink")

    async def store(self, batch: EventBatch) -> None:
        """Insert the rows, dead letters and dropped keys of a range, side by side.

        Returns when all of it is stored; what passes (the store away, overloaded) is waited out.
        """
        await asyncio.gather(
            self._insert("events", batch.rows, batch),
            self._insert("dead_letters", batch.dead_letters(), batch),
            self._insert("dropped_keys", batch.dropped_keys(), batch),
        )

    async def enter(self, batch: EventBatch, catalogue: str) -> None:
        """Enter a stored range into the ledger."""
        flushed_at = int(self._clock.now().timestamp() * 1000)
        await self._insert("ingest_ledger", batch.ledger(catalogue, flushed_at), batch)

    async def ledger_end(self, log: str, topic: str, partition: int) -> int | None:
        """Return where the ledger ends for a partition, None when it has no row."""
        ends = await self._patiently(topic, lambda: ledger_ends(self._store, log, topic))
        return ends.get(partition)

    async def recall(self, past: Past, recent: RecentIds) -> None:
        """Reload the ids stored below an offset, as they were in memory there."""
        await self._patiently(past.topic, lambda: recall(self._store, past, recent))

    async def keep_catalogue(self, catalogue: Catalogue) -> None:
        """Keep a catalogue under its fingerprint, before the first intent names it."""
        now = int(self._clock.now().timestamp() * 1000)
        row = pa.RecordBatch.from_arrays(
            [
                pa.array([catalogue.fingerprint]),
                pa.array([canonical(catalogue)]),
                pa.array([now], pa.int64()).cast(pa.timestamp("ms", "UTC")),
            ],
            names=["fingerprint", "contents", "created_at"],
        )
        token = f"catalogue:{catalogue.fingerprint}"
        await self._patiently("", lambda: self._store.insert("catalogues", row, token))

    async def catalogue(self, fingerprint: str) -> Catalogue:
        """Return the kept catalogue of a fingerprint; ConfigurationError when there is none."""
        return await self._patiently("", lambda: kept_catalogue(self._store, fingerprint))

    def close(self) -> None:
        """Give up the threads; an insert under way is left to end by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _insert(self, table: str, rows: pa.RecordBatch, batch: EventBatch) -> None:
        if rows.num_rows:
            await self._patiently(batch.topic, lambda: self._store.insert(table, rows, batch.token))

    async def _patiently(self, topic: str, act: Callable[[], T]) -> T:
        wait = _FIRST_WAIT
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, act)
            except StoreError as error:
                if retryable(error.code):
                    logger.warning("%s; trying again in %.1f s.", error, wait)
                else:
                    wait = _STUBBORN_WAIT
                    logger.error("%s; this needs a hand; trying again in %.0f s.", error, wait)
                self._on_retry(topic, error.code)
            await self._sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
