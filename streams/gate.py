"""The gate before a partition's ranges: shut while a bad deploy would drain the log into refusals.

A paused partition keeps its place and its events stay in the log. It goes on when an operator says
so (``millrace dead-letters resume``), when a worker with a better catalogue takes over, or when the
newest records of the log are good again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from faust.types import TP

from millrace.schemas.errors import BrokerError
from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock
from millrace.streams.letters import Place
from millrace.streams.pauses import Pause, State, pause, paused, resume
from millrace.streams.record_batch import RecordBatch
from millrace.streams.reject_limit import RejectLimit
from millrace.streams.settings import RefusalSettings
from millrace.streams.sink import Sink

logger = logging.getLogger(__name__)

#: How many of the log's newest records tell whether good ones come again.
TAIL: Final = 1_000


@dataclass(frozen=True)
class GateTools:
    """What the gates of all partitions share."""

    settings: RefusalSettings
    sink: Sink
    clock: Clock
    tail: Callable[[TP], Awaitable[RecordBatch | None]]  # the log's newest records
    told: Callable[[TP, State], None] = lambda tp, state: None


class Gate:
    """Lets one partition's ranges through, or keeps them waiting."""

    def __init__(
        self,
        tools: GateTools,
        tp: TP,
        decode: Callable[[RecordBatch], Awaitable[EventBatch]],
        stopping: asyncio.Event,
    ) -> None:
        self._tools, self._tp, self._decode = tools, tp, decode
        self._stopping = stopping
        self._limit = RejectLimit(tools.settings)
        self._waved = False  # an operator has let the bad stretch through

    async def admit(self, batch: EventBatch) -> bool:
        """Wait until a range may be stored; False when the worker stops before that."""
        why = self._limit.reached(batch)
        if not why:
            self._waved = False
        if not why or self._waved or await self._tail_is_good():
            return True
        logger.error(
            "Partition %s-%d is paused at offset %d, its events stay in the log: %s; mend the"
            " producer or the catalogue, or let them become dead letters with millrace"
            " dead-letters resume.",
            *(self._tp.topic, self._tp.partition, batch.first, why),
        )
        held = await self._pause(batch, why)
        while not await self._resumed(held):
            if self._stopping.is_set():
                return False
            await self._look_again()
        logger.warning("Partition %s-%d goes on.", self._tp.topic, self._tp.partition)
        self._limit.forget()
        self._tools.told(self._tp, "resumed")
        return True

    def note(self, batch: EventBatch) -> None:
        """Take in a range that has been stored."""
        self._limit.note(batch)

    async def _pause(self, batch: EventBatch, why: str) -> Pause:
        place = Place(batch.log, batch.topic, batch.partition)
        now = self._tools.clock.now()
        self._tools.told(self._tp, "paused")
        return await self._tools.sink.ask(
            batch.topic, lambda store: pause(store, place, batch.first, why, now)
        )

    async def _resumed(self, held: Pause) -> bool:
        ask, place = self._tools.sink.ask, held.place
        if not await ask(
            place.topic,
            lambda store: paused(store, topic=place.topic, partition=place.partition),
        ):
            self._waved = True
            return True
        if not await self._tail_is_good():
            return False
        now, why = self._tools.clock.now(), "good records have come again"
        await ask(place.topic, lambda store: resume(store, held, now, why))
        return True

    async def _tail_is_good(self) -> bool:
        try:
            records = await self._tools.tail(self._tp)
        except BrokerError as error:
            logger.warning("%s.", error)
            return False
        if records is None or not len(records):
            return False
        batch = await self._decode(records)
        return len(batch.refusals) <= self._tools.settings.max_ratio * batch.delivered

    async def _look_again(self) -> None:
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([stopping], timeout=self._tools.settings.look_seconds)
        stopping.cancel()
