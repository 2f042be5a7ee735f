"""The proof on a schedule, in the one worker that has the first partition of our own topic."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Report
from millrace.schemas.errors import MillraceError
from millrace.streams.clock import Clock
from millrace.streams.reconcile import prove
from millrace.streams.settings import Settings

logger = logging.getLogger(__name__)

#: What was in flight when the worker before us ended is stored by then.
_FIRST: Final = 5.0
#: A proof may take this share of the time at most, however large the store grows.
_SHARE: Final = 0.1

Send = Callable[[list[dict[str, Any]]], Awaitable[None]]


class Prove(Protocol):
    """What is run; :func:`millrace.streams.reconcile.prove` is."""

    async def __call__(
        self,
        settings: Settings,
        store: Store,
        *,
        patience: float | None,
        records: int | None,
        gentle: bool,
    ) -> Report:
        """Compare the log with the store."""


class ReconcileSchedule:
    """Proves again and again, from ``start`` to ``stop``; both may be called any number of times.

    ``connect`` gives a store of its own for each run: its statements may take long. A run that
    cannot be made is a warning and tried again next time; nothing here ends the worker.
    """

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[], Store],
        clock: Clock,
        send: Send,
        *,
        prove: Prove = prove,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings, self._connect, self._clock, self._send = settings, connect, clock, send
        self._prove, self._sleep = prove, sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin: the partition is this worker's now."""
        if self._settings.reconcile.seconds and self._task is None:
            self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        """End: the partition may be another's now. A query under way is left to end by itself."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _run(self) -> None:
        wait = _FIRST
        while True:
            await self._sleep(wait)
            began = self._clock.monotonic()
            try:
                await self._once(began)
            except MillraceError as error:
                logger.warning("Not reconciled, to be tried again: %s.", str(error).rstrip("."))
            except Exception as error:
                logger.warning(
                    "Not reconciled, to be tried again: unexpected %s.", type(error).__name__
                )
                logger.debug("What went wrong:", exc_info=True)
            took = self._clock.monotonic() - began
            wait = max(self._settings.reconcile.seconds, took / _SHARE)

    async def _once(self, began: float) -> None:
        store = await asyncio.to_thread(self._connect)
        try:
            report = await self._prove(
                self._settings,
                store,
                patience=None,
                records=self._settings.reconcile.records,
                gentle=True,
            )
        finally:
            await asyncio.to_thread(store.close)
        seconds = self._clock.monotonic() - began
        for difference in report.differences:
            logger.error("Not reconciled: %s.", difference)
        logger.info(
            "Reconciled in %.1f s: %d of %d comparisons differ, %d of %d records read again.",
            *(seconds, len(report.found), report.checks, report.reread, report.records),
        )
        await self._send(self._events(report, seconds))

    def _events(self, report: Report, seconds: float) -> list[dict[str, Any]]:
        finished = {
            "differences": len(report.found),
            "checks": report.checks,
            "seconds": seconds,
        }
        tables = Counter(one.table for one in report.found)
        return [
            self._event("finished", finished, {}),
            *(
                self._event("difference", {"count": count}, {"table": table})
                for table, count in sorted(tables.items())
            ),
        ]

    def _event(
        self, name: str, measurements: dict[str, float], tags: dict[str, str]
    ) -> dict[str, Any]:
        return {
            "name": f"millrace.reconcile.{name}",
            "occurred_at": self._clock.now().isoformat().replace("+00:00", "Z"),
            "measurements": measurements,
            "tags": tags,
        }
