"""What is kept live of one partition: its windows and live values, published beside the store.

Records go out after a range's rows were stored and before its end is committed, so that whoever
repeats the range begins with what is in the topics and comes to the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from faust.types import TP

from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock
from millrace.streams.compacted import Held
from millrace.streams.live import Live
from millrace.streams.measured import Values, values_of
from millrace.streams.settings import WindowSettings
from millrace.streams.window_records import Record
from millrace.streams.windows import Windows

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: What was not published is made again from the store, from so far back at most.
MOST_BEHIND: Final = 1_000_000
#: Publishing live values takes one part in so many of the time at most; else it waits longer.
_LIVE_SHARE: Final = 50


@dataclass(frozen=True, slots=True)
class Source:
    """A partition of the events' topic, in one life of it."""

    log: str
    topic: str
    partition: int


@dataclass(frozen=True)
class Projecting:
    """What the projections of all partitions share."""

    settings: WindowSettings
    windows: str  # the topics
    live: str
    #: What a partition of a topic holds.
    read: Callable[[str, int], Awaitable[Held]]
    #: The last record of each key from a position on.
    read_latest: Callable[[str, int, int], Awaitable[dict[bytes, bytes | None]]]
    publish: Callable[[str, int, Sequence[Record]], Awaitable[list[range]]]
    #: The stored values of a source between two positions, in order.
    stored: Callable[[Source, int, int], Awaitable[Iterable[Values]]]
    too_late: Callable[[TP, Mapping[tuple[str, int], int]], None]
    working: Executor
    clock: Clock

    async def work(self, act: Callable[[], T]) -> T:
        """Do what takes long off the event loop, which must stay free to fetch."""
        return await asyncio.get_running_loop().run_in_executor(self.working, act)


#: Tells what the records of some keys should say.
Current = Callable[[Iterable[bytes]], dict[bytes, bytes | None]]


class Projections:
    """The windows and live values of one partition while this worker has it."""

    def __init__(self, tools: Projecting, source: Source) -> None:
        self._tools, self._source = tools, source
        self._windows = Windows(tools.settings, source.log, source.partition)
        self._live = Live(tools.settings, source.log, source.partition)
        self._windows_out = _Outlet(tools, tools.windows, source.partition)
        self._live_out = _Outlet(tools, tools.live, source.partition)
        self._through = 0  # of the live values
        self._moved = self._live_due = tools.clock.monotonic()

    async def take_over(self, position: int) -> None:
        """Begin with what is published, for ranges from ``position`` on."""
        windows, live = await asyncio.gather(self._windows_out.read(), self._live_out.read())
        first = await self._tools.work(lambda: self._load(windows, live, position))
        if first < position:
            parts = await self._tools.stored(self._source, first, position)
            await self._tools.work(lambda: self._catch_up(parts, position))
        self._moved = self._tools.clock.monotonic()

    async def advance(self, batch: EventBatch) -> None:
        """Take in a range that was stored, and publish what it changed."""
        late = await self._tools.work(lambda: self._take_in(values_of(batch), batch.end))
        self._moved = self._tools.clock.monotonic()
        if late:
            self._tools.too_late(TP(self._source.topic, self._source.partition), late)
        await asyncio.gather(self._windows_out.publish(self._windows.current), self._publish_live())

    async def idle(self, fence: Callable[[], Awaitable[None]]) -> None:
        """Publish what time alone has changed since the last range; ``fence`` comes before that."""
        seconds = self._tools.clock.monotonic() - self._moved
        self._windows_out.waiting += await self._tools.work(lambda: self._windows.idle(seconds))
        # The log's clock has gone on as far as ours, once nothing can be on its way any more.
        idle_ms = int(1000 * seconds) if seconds >= self._tools.settings.idle else 0
        if self._windows_out.waiting or self._live_is_due(idle_ms):
            await fence()
            await self._windows_out.publish(self._windows.current)
            await self._publish_live(idle_ms)

    def _load(self, windows: Held, live: Held, position: int) -> int:
        """Load what was published; returns the position from which the store has to help out."""
        self._windows.load(windows.records, position)
        through = self._live.load(live.records)
        oldest = position - MOST_BEHIND
        if self._windows.through < oldest:
            self._windows = self._anew(Windows, self._windows_out, windows)
            self._windows.load({}, position)
        if through is not None and through < oldest:
            self._live, through = self._anew(Live, self._live_out, live), None
        self._through = position if through is None else through
        return min(self._windows.through, self._through)

    def _anew(
        self, make: Callable[[WindowSettings, str, int], T], outlet: _Outlet, held: Held
    ) -> T:
        logger.warning(
            "%s-%d lags more than %d records behind what is stored; it begins anew.",
            *(outlet.name, self._source.partition, MOST_BEHIND),
        )
        outlet.waiting = [(key, None) for key in held.records]
        return make(self._tools.settings, self._source.log, self._source.partition)

    def _catch_up(self, parts: Iterable[Values], position: int) -> None:
        for values in parts:
            end = int(values.offsets[-1]) + 1
            for cut in (*(one for one in self._windows.ahead if one < end), end):
                new = (values.offsets >= self._windows.through) & (values.offsets < cut)
                if new.any():
                    step = self._windows.advance(values.keep(new), cut)
                    self._windows_out.waiting += step.records
            self._live.add(values.keep(values.offsets >= self._through), end)
        self._windows.reach(position)
        self._through = position

    def _take_in(self, values: Values, end: int) -> Counter[tuple[str, int]]:
        step = self._windows.advance(values, end)
        self._windows_out.waiting += step.records
        self._live.add(values, end)
        self._through = end
        return step.too_late

    def _live_is_due(self, idle_ms: int = 0) -> bool:
        if self._tools.clock.monotonic() < self._live_due:
            return False
        return self._live.changed or self._live.over(self._now_ms, idle_ms)

    @property
    def _now_ms(self) -> int:
        return int(self._tools.clock.now().timestamp() * 1000)

    async def _publish_live(self, idle_ms: int = 0) -> None:
        if not self._live_is_due(idle_ms):
            return
        began = self._tools.clock.monotonic()
        self._live_out.waiting += await self._tools.work(
            lambda: self._live.publish(self._through, self._now_ms, idle_ms)
        )
        await self._live_out.publish(self._live.current)
        took = self._tools.clock.monotonic() - began
        self._live_due = began + max(self._tools.settings.live_seconds, _LIVE_SHARE * took)


class _Outlet:
    """One partition of a compacted topic, what waits for it, and where that should get."""

    def __init__(self, tools: Projecting, name: str, partition: int) -> None:
        self._tools, self.name, self._partition = tools, name, partition
        self._end = 0
        self.waiting: list[Record] = []

    async def read(self) -> Held:
        """Return what it holds."""
        held = await self._tools.read(self.name, self._partition)
        self._end = held.end
        return held

    async def publish(self, current: Current) -> None:
        """Publish what waits; what somebody else has put there meanwhile is put right.

        That is a worker that was stopped for long and wakes up with records in its hands. Offsets
        show it: ours follow on each other. ``current`` tells what keys should hold.
        """
        while self.waiting:
            records, self.waiting = self.waiting, []
            places = await self._tools.publish(self.name, self._partition, records)
            first, self._end = self._end, max(place.stop for place in places)
            if self._end - first == len(records):
                return
            latest = await self._tools.read_latest(self.name, self._partition, first)
            ours = await self._tools.work(partial(current, latest))
            self.waiting = [pair for pair in ours.items() if latest[pair[0]] != pair[1]]
            if self.waiting:
                logger.warning(
                    "%s-%d held %d records of somebody else's; they are put right.",
                    *(self.name, self._partition, len(self.waiting)),
                )
