"""``millrace worker --drain``: completes the ranges that were left open, then ends.

It is for the moment between stopping the workers and a migration that changes views.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from millrace.schemas.errors import BrokerError
from millrace.streams.open_intents import OpenIntent, open_intents
from millrace.streams.settings import Settings

logger = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.5


class Drain:
    """Stops the worker of this process once every range that was open at the start is stored.

    New ranges that it begins meanwhile are flushed by its regular stop. ``look`` returns the open
    ranges, ``stop`` asks the process to end in order.
    """

    def __init__(
        self,
        settings: Settings,
        logs: Mapping[str, str],
        *,
        look: Callable[[], Awaitable[list[OpenIntent]]] | None = None,
        stop: Callable[[], None] | None = None,
        seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._look = look or partial(open_intents, settings, logs)
        self._stop = stop or partial(signal.raise_signal, signal.SIGTERM)
        self._seconds = seconds
        self._waiting: set[tuple[str, int, int]] = set()
        self._open = 0

    async def begin(self) -> bool:
        """Look which ranges are open; False when none is, so that no worker is needed."""
        found = await self._look()
        self._waiting = _places(found)
        self._open = len(found)
        if found:
            logger.info("Open ranges: %s.", ", ".join(map(str, found)))
        else:
            logger.info("No range is open; nothing to drain.")
        return bool(found)

    async def watch(self, _app: Any = None) -> None:
        """Wait until the ranges are stored, then stop the process."""
        while self._waiting:
            await asyncio.sleep(self._seconds)
            try:
                self._waiting &= _places(await self._look())
            except BrokerError as error:
                logger.warning("%s; looking again.", error)
        self._stop()

    async def verdict(self) -> int:
        """Say what became of the ranges, after the worker's end; returns the exit code."""
        left = await self._look()
        completed = self._open - len(self._waiting & _places(left))
        if left:
            logger.error(
                "%d ranges were completed, but these are open: %s. Stop the other workers and"
                " run this once more.",
                completed,
                ", ".join(map(str, left)),
            )
            return 1
        logger.info("%d ranges were completed, none is open.", completed)
        return 0


def _places(intents: list[OpenIntent]) -> set[tuple[str, int, int]]:
    return {(intent.topic, intent.partition, intent.first) for intent in intents}
