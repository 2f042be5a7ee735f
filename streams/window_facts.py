"""What telemetry.windows says: how far each partition has come, and what its minutes hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

import msgspec
from aiokafka.errors import KafkaError

from millrace.clickhouse.facts import Place
from millrace.clickhouse.window_checks import WIDTH, Content, Series, WindowFacts
from millrace.schemas import limits
from millrace.schemas.errors import BrokerError
from millrace.streams.compacted import Pair, read_on
from millrace.streams.settings import Settings, WindowSettings
from millrace.streams.topics import Topics, administrator, keeps_only_the_newest, partitions_of
from millrace.streams.window_fold import SECOND
from millrace.streams.window_records import Standing, own_key, read, read_key, read_own, split_key

#: So many windows are held; beyond that the oldest minutes are left out.
MOST: Final = 500_000
_STEP: Final = WIDTH * SECOND


class _Published(msgspec.Struct, gc=False):
    """What is looked at of a window's record."""

    log: str
    through_offset: int
    count: int
    sum: float
    min: float
    max: float


_decode = msgspec.json.Decoder(_Published).decode


@dataclass
class _Lane:
    """One partition of the topic, as far as it was read."""

    place: Place
    position: int | None = None
    own: Standing | None = None
    minutes: dict[int, dict[Series, Content]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.minutes.values()))

    def forget(self, floor: int) -> None:
        """Leave out what begins before a Unix second."""
        for minute in [one for one in self.minutes if one < floor]:
            del self.minutes[minute]


class WindowReading:
    """The windows of one life of the events' topic as the topic of windows has them.

    ``places`` are the events' partitions; windows that begin before ``since`` are left out, and
    the oldest ones beyond ``most``.
    """

    def __init__(
        self,
        settings: Settings,
        places: Sequence[Place],
        since: datetime | None = None,
        most: int = MOST,
    ) -> None:
        self._kafka, self._settings = settings.kafka, settings.windows
        self._lanes = [_Lane(place) for place in places]
        self._floor = 0 if since is None else -int(-since.timestamp() // WIDTH) * WIDTH
        self._most = most
        self._held = 0
        self._series: dict[bytes, Series | None] = {}

    async def refresh(self) -> list[WindowFacts]:
        """Read on, and return what the topic says by now.

        Raises BrokerError when Kafka cannot be read or holds a record that is none of ours.
        """
        topic = Topics(self._kafka.topic_prefix).windows
        try:
            async with administrator(self._kafka) as admin:
                exists = topic in await admin.list_topics()
                numbers = await partitions_of(admin, topic) if exists else []
                forgets = await keeps_only_the_newest(admin)
        except KafkaError as error:
            raise BrokerError(f"The topic {topic} could not be read: {error}") from error
        # One after another: a partition may hold hundreds of thousands of records.
        for lane in self._lanes:
            if lane.place.partition in numbers:
                take = partial(self.take, lane.place)
                lane.position = await read_on(
                    self._kafka, topic, lane.place.partition, lane.position, take
                )
        return await asyncio.to_thread(self.facts, whole=not forgets)

    def take(self, place: Place, pairs: Sequence[Pair]) -> None:
        """Take in what a partition holds next, by the rules of schemas/window.py."""
        (lane,) = (one for one in self._lanes if one.place == place)
        own = own_key(place.partition)
        for key, value in pairs:
            if key == own:
                found = read_own({key: value}, place.log, place.partition) if value else None
                lane.own = found[0] if found else None
            elif key is not None:
                self._take_window(lane, key, value)
        if self._held > self._most:
            self._make_room()

    def facts(self, *, whole: bool = True) -> list[WindowFacts]:
        """Return what was read so far; ``whole`` tells that the broker had forgotten nothing."""
        return [self._facts(lane, whole=whole) for lane in self._lanes]

    def _take_window(self, lane: _Lane, key: bytes, value: bytes | None) -> None:
        head, (size, minute) = split_key(key) or (b"", (0, 0))
        if size != WIDTH or minute < self._floor:
            return
        if head not in self._series:
            known = read_key(key)
            self._series[head] = known[0] if known else None
        series = self._series[head]
        if series is None:
            return
        windows = lane.minutes.setdefault(minute, {})
        held = windows.get(series)
        found = read(value, _decode, lane.place.partition) if value is not None else None
        if found and found.log == lane.place.log:
            if held is None or held.through <= found.through_offset:
                windows[series] = Content(
                    found.count, found.sum, found.min, found.max, found.through_offset
                )
                self._held += held is None
        elif held is not None:
            del windows[series]
            self._held -= 1

    def _make_room(self) -> None:
        """Leave out the oldest minutes."""
        sizes: dict[int, int] = {}
        for lane in self._lanes:
            for minute, windows in lane.minutes.items():
                sizes[minute] = sizes.get(minute, 0) + len(windows)
        for minute in sorted(sizes):
            if self._held <= self._most:
                break
            self._held -= sizes[minute]
            self._floor = minute + WIDTH
        for lane in self._lanes:
            lane.forget(self._floor)

    def _facts(self, lane: _Lane, *, whole: bool) -> WindowFacts:
        own, minutes = lane.own, range(0)
        if own is not None and own.watermark is not None:
            minutes = minutes_of(own.watermark, self._settings)
            minutes = range(max(minutes.start, self._floor), minutes.stop, WIDTH)
        windows: Mapping[int, Mapping[Series, Content]] = lane.minutes
        return WindowFacts(
            lane.place,
            own.through_offset if own else None,
            own.first_offsets.get(WIDTH) if own else None,
            minutes,
            windows,
            whole,
        )


def minutes_of(watermark: int, settings: WindowSettings) -> range:
    """Return the minutes whose windows a partition holds, in Unix seconds.

    None of their values can have been too late and none of the windows is taken away yet; none of
    the partition's events is of a later minute.
    """
    over = watermark - round(settings.correction * SECOND) - _STEP
    # An event that is further ahead was held back by the log's own clock.
    ahead = max(settings.lateness, limits.AHEAD_SECONDS - settings.ahead)
    newest = watermark + round(ahead * SECOND)
    return range((over // _STEP + 1) * WIDTH, newest // _STEP * WIDTH + 1, WIDTH)
