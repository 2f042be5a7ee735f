"""The permit to write a range: fresh as long as its intent was committed a short time ago.

A worker that was stopped, or cut off, may wake up after its partitions went to another. What it was
about to send must not be sent then: the store may have forgotten the range's token long since. So
each insert asks for a fresh permit, and a stale one is renewed by committing the intent once more,
which the broker refuses to whoever is no longer the member that it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from millrace.streams.clock import Clock


class Permit(Protocol):
    """What the sink asks before each attempt at an insert."""

    @property
    def fresh(self) -> bool:
        """Whether an insert may be sent now; may be asked by any thread."""

    async def renew(self) -> None:
        """Make it fresh again; raises Fenced when the partition is another's."""


class IntentPermit:
    """Fresh for ``seconds`` from each successful ``announce``, the commit of a range's intent."""

    def __init__(self, announce: Callable[[], Awaitable[None]], seconds: float, clock: Clock):
        self._announce, self._seconds, self._clock = announce, seconds, clock
        self._until = float("-inf")
        self._renewing = asyncio.Lock()

    @property
    def fresh(self) -> bool:
        """Whether the intent was committed less than ``seconds`` ago."""
        return self._clock.monotonic() < self._until

    async def renew(self) -> None:
        """Commit the intent, unless another insert of the range has just done so."""
        async with self._renewing:
            if not self.fresh:
                began = self._clock.monotonic()
                await self._announce()
                # From before the commit: what it took is not time that anybody vouches for.
                self._until = began + self._seconds
