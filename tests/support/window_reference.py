"""What the live windows must come to: each event looked at by itself, with no state but sums.

Written from the definition and not from the code; nothing of Millrace is imported. The verdict
about an event rests on the events stored before it in its partition, in the order of their offsets:

- the watermark that it meets is the highest ``min(occurred - lateness, received + ahead)`` of them,
  or what the clock has moved it to while no event came;
- its window [start, start + size) takes it as on time while the watermark is below the window's
  end, as late while it is below the end plus the correction, and after that not at all.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

SECOND = 1_000_000

Tags = tuple[tuple[str, str], ...]
Series = tuple[str, str, str, Tags]  # tenant, name, measurement, tags sorted by key


class Terms(NamedTuple):
    """The settings, in seconds."""

    sizes: tuple[int, ...] = (10, 60)
    lateness: float = 10.0
    ahead: float = 5.0
    correction: float = 3600.0


class Event(NamedTuple):
    """One stored event: times as the log and its producer gave them."""

    offset: int
    received_ms: int
    occurred_us: int
    tenant: str
    name: str
    tags: Tags
    measurements: Mapping[str, float]


class Place(NamedTuple):
    """One window of one series; ``start`` in Unix seconds."""

    series: Series
    size: int
    start: int

    @property
    def end_us(self) -> int:
        """The first microsecond after it."""
        return (self.start + self.size) * SECOND


@dataclass
class Content:
    """The values that a window took in, each with its event's time and place in the log."""

    values: list[float] = field(default_factory=list)
    last: tuple[int, int, int, float] | None = None  # time, partition, offset, value
    late: int = 0

    def take(self, value: float, at: tuple[int, int, int], *, late: bool) -> None:
        """Take in one value of an event with this time, partition and offset."""
        self.values.append(value)
        self.late += late
        if self.last is None or at >= self.last[:3]:
            self.last = (*at, value)

    @property
    def count(self) -> int:
        """How many values."""
        return len(self.values)

    @property
    def sum(self) -> float:
        """Their sum, rounded once."""
        return math.fsum(self.values)

    @property
    def histogram(self) -> Counter[int]:
        """How many values have which bfloat16 bits."""
        return Counter(bfloat16(value) for value in self.values)


@dataclass
class Partition:
    """What one source partition came to."""

    windows: dict[Place, Content] = field(default_factory=dict)
    too_late: Counter[Place] = field(default_factory=Counter)
    watermark: int | None = None

    @property
    def too_late_by_size(self) -> Counter[int]:
        """How many values came too late for their windows of each size."""
        found = Counter[int]()
        for place, count in self.too_late.items():
            found[place.size] += count
        return found


def bfloat16(value: float) -> int:
    """Return a value's upper 16 bits as a 32-bit float, half a step added first."""
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    return int((bits + 0x8000) & 0xFFFF0000) >> 16


def windows_of(
    partition: int,
    events: Iterable[Event],
    terms: Terms = Terms(),  # noqa: B008
    moves: Sequence[tuple[int, int]] = (),
) -> Partition:
    """Compute the windows of one partition from its stored events in the order of their offsets.

    ``moves`` are the clock's doing: at the position (all events below it are in) the watermark had
    come to at least so many microseconds.
    """
    found = Partition()
    left = sorted(moves)
    for event in events:
        while left and left[0][0] <= event.offset:
            _move(found, left.pop(0)[1])
        for size in terms.sizes:
            _take(found, partition, event, size, terms)
        behind = event.occurred_us - round(terms.lateness * SECOND)
        latest = event.received_ms * 1000 + round(terms.ahead * SECOND)
        _move(found, min(behind, latest))
    for _, watermark in left:
        _move(found, watermark)
    return found


def merged(partitions: Iterable[Partition]) -> dict[Place, Content]:
    """Add up what several source partitions have of the same windows."""
    whole: dict[Place, Content] = {}
    for partition in partitions:
        for place, content in partition.windows.items():
            known = whole.setdefault(place, Content())
            known.values += content.values
            known.late += content.late
            if known.last is None or (content.last and content.last > known.last):
                known.last = content.last
    return whole


def _take(found: Partition, partition: int, event: Event, size: int, terms: Terms) -> None:
    start = event.occurred_us // SECOND // size * size
    for measurement, value in event.measurements.items():
        series = (event.tenant, event.name, measurement, event.tags)
        place = Place(series, size, start)
        watermark = found.watermark
        if watermark is not None and watermark >= place.end_us + round(terms.correction * SECOND):
            found.too_late[place] += 1
            continue
        late = watermark is not None and watermark >= place.end_us
        content = found.windows.setdefault(place, Content())
        content.take(value, (event.occurred_us, partition, event.offset), late=late)


def _move(found: Partition, watermark: int) -> None:
    found.watermark = max(watermark, found.watermark if found.watermark is not None else watermark)
