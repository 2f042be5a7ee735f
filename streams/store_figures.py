"""What the store holds, as events of ours: Grafana's user may not read the system tables, and
growth needs a history."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from millrace.clickhouse.client import Store
from millrace.schemas.errors import MillraceError
from millrace.streams.clock import Clock
from millrace.streams.settings import Settings

logger = logging.getLogger(__name__)

#: Seconds between two looks, at least; parts and sizes change slowly.
_EVERY: Final = 60.0
#: The class of tables that are not kept by class.
_NO_CLASS: Final = "default"

_STORE: Final = "the store"

#: One look at the parts: a partition of the events and rollups holds one day of one class.
_TABLES: Final = """
SELECT table, class, sum(parts), max(parts), sum(rows), sum(bytes) FROM (
    SELECT
        table, partition_id,
        any(extract(partition, '^\\\\(.*,\\'(.*)\\'\\\\)$')) AS class,
        count() AS parts, sum(rows) AS rows, sum(bytes_on_disk) AS bytes
    FROM system.parts
    WHERE database = currentDatabase() AND active
    GROUP BY table, partition_id
)
GROUP BY table, class
ORDER BY table, class
"""
_MERGES: Final = """
SELECT count(), max(elapsed) FROM system.merges WHERE database = currentDatabase()
"""
_DISKS: Final = "SELECT name, free_space, total_space FROM system.disks ORDER BY name"

#: A name after ``millrace.store.``, its measurements and its tags.
Figure = tuple[str, dict[str, float], dict[str, str]]
Send = Callable[[list[dict[str, Any]]], Awaitable[None]]


def tables(store: Store) -> Iterator[Figure]:
    """Yield each table's parts, in its fullest partition and in all, and its size by class."""
    parts: dict[str, tuple[int, int]] = {}
    for table, retention_class, count, most, rows, size in store.rows(_TABLES):
        total, fullest = parts.get(table, (0, 0))
        parts[table] = total + int(count), max(fullest, int(most))
        yield (
            "table",
            {"rows": int(rows), "bytes": int(size)},
            {"table": str(table), "retention_class": str(retention_class) or _NO_CLASS},
        )
    for table, (total, fullest) in parts.items():
        yield "parts", {"parts": fullest, "total": total}, {"table": table}


def merges(store: Store) -> Iterator[Figure]:
    """Yield how many merges run and how long the longest has been running."""
    ((running, seconds),) = store.rows(_MERGES)
    yield "merges", {"running": int(running), "seconds": float(seconds or 0)}, {}


def disks(store: Store) -> Iterator[Figure]:
    """Yield the free and total space of each disk; one without a bound, such as S3, is left out."""
    for name, free, total in store.rows(_DISKS):
        if 0 < int(total) < 1 << 62:
            measured = {"free_bytes": float(free), "total_bytes": float(total)}
            yield "disk", measured, {"disk": str(name)}


class StoreFigures:
    """Tells them once a minute, from ``start`` to ``stop``; both may be called any number of times.

    One worker at a time should. What the store's user may not read is one warning and no figure;
    nothing here ends the worker.
    """

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[], Store],
        clock: Clock,
        send: Send,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._seconds = settings.telemetry_seconds and max(_EVERY, settings.telemetry_seconds)
        self._connect, self._clock, self._send, self._sleep = connect, clock, send, sleep
        self._task: asyncio.Task[None] | None = None
        self._warned: set[str] = set()

    def start(self) -> None:
        """Begin, unless own telemetry is off."""
        if self._seconds and self._task is None:
            self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        """End; a query under way is left to end by itself."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                figures = await asyncio.to_thread(self._look)
                await self._send([self._event(*figure) for figure in figures])
                self._warned.discard(_STORE)
            except MillraceError as error:
                self._warn(_STORE, error)
            except Exception as error:
                logger.warning(
                    "The store was not looked at, to be tried again: unexpected %s.",
                    type(error).__name__,
                )
                logger.debug("What went wrong:", exc_info=True)
            await self._sleep(self._seconds)

    def _look(self) -> list[Figure]:
        store = self._connect()
        try:
            found: list[Figure] = []
            for look in (tables, merges, disks):
                try:
                    found += look(store)
                except MillraceError as error:
                    self._warn(look.__name__, error)
            return found
        finally:
            store.close()

    def _warn(self, what: str, error: MillraceError) -> None:
        if what not in self._warned:
            self._warned.add(what)
            logger.warning(
                "No figures of %s; is its system table granted? %s.", what, str(error).rstrip(".")
            )

    def _event(
        self, name: str, measurements: dict[str, float], tags: dict[str, str]
    ) -> dict[str, Any]:
        return {
            "name": f"millrace.store.{name}",
            "occurred_at": self._clock.now().isoformat().replace("+00:00", "Z"),
            "measurements": measurements,
            "tags": tags,
        }
