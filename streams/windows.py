"""The live windows of one source partition: what they hold, and what is published of them.

A window is open until the watermark has passed its end, then final, and forgotten when late events
no longer correct it. What is final is kept packed: there are hundreds of finals to an open one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from millrace.streams.measured import Measured, Values
from millrace.streams.record_batch import Integers
from millrace.streams.settings import WindowSettings
from millrace.streams.window_fold import SECOND, Window, fold, too_late, watermarks
from millrace.streams.window_records import (
    Bucket,
    Head,
    Record,
    Standing,
    Stored,
    Writer,
    decode_stored,
    own_key,
    own_record,
    read,
    read_key,
    read_own,
    split_key,
)

#: Series are looked through for ones without a window when there are so many times as many as
#: were left over the last time.
_GROWTH: Final = 2
_FEW: Final = 1_000

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[Any, ...]).decode


@dataclass(frozen=True, slots=True)
class Step:
    """What a range changed: the records to publish, and the too-late values by name and size."""

    records: list[Record]
    too_late: Counter[tuple[str, int]]


class Windows:
    """The windows of one partition of one life of its topic. Not safe to share between threads."""

    def __init__(self, settings: WindowSettings, log: str, partition: int) -> None:
        self._settings, self._log, self._partition = settings, log, partition
        self._standing = Standing(0)
        self._base: int | None = None  # the watermark that the last event left
        self._heads: dict[Measured, Head] = {}
        self._most_heads = _FEW
        self._open: defaultdict[Bucket, dict[Head, Window]] = defaultdict(dict)
        self._final: defaultdict[Bucket, dict[Head, bytes]] = defaultdict(dict)
        self._last_own: Record = (own_key(partition), None)
        #: Positions beyond ``through`` up to which some windows have everything already, from a try
        #: of a range that was cut short: no range to be advanced over may go on beyond one.
        self.ahead: Sequence[int] = ()
        self._strangers: list[bytes] = []  # keys of a life before, or of sizes no longer kept

    @property
    def through(self) -> int:
        """The position up to which all events are in."""
        return self._standing.through_offset

    def __len__(self) -> int:
        """Return how many windows are held, final ones included."""
        return sum(map(len, self._open.values())) + sum(map(len, self._final.values()))

    def load(self, records: Mapping[bytes, bytes], position: int) -> None:
        """Begin with what was published, for a range that begins at ``position``.

        ``through`` may lie before it afterwards: then the events from there on are to be advanced
        over first. Without a record of this life of the topic the windows begin empty, at
        ``position``. Raises BrokerError for a record that is none of ours.
        """
        own = own_key(self._partition)
        found = read_own(records, self._log, self._partition)
        self._standing = _as_of(position, found, self._settings.sizes)
        self._base = self._standing.watermark
        ahead = set[int]()
        heads: dict[bytes, Head | None] = {}
        for key, value in records.items():
            if key == own:
                self._last_own = (own, value)
                continue
            stored = read(value, decode_stored, self._partition)
            start, bucket = split_key(key) or (b"", Bucket(0, 0))
            if start not in heads:
                heads[start] = self._head_of(key)
            head = heads[start]
            if head is None or not found or self._is_stranger(stored, bucket):
                self._strangers.append(key)
                continue
            window = stored.window
            if window.through_offset > self.through:
                ahead.add(window.through_offset)
            if window.final:
                self._final[bucket][head] = _pack(window)
            else:
                self._open[bucket][head] = window
        self.ahead = sorted(ahead)

    def advance(self, values: Values, end: int) -> Step:
        """Take in the values of the range from ``through`` to ``end``.

        What a window already has, from a try of the same range that was cut short, changes nothing.
        """
        before = self._standing
        records = self._bury(before.watermark)
        late: Counter[tuple[str, int]] = Counter()
        watermark = before.watermark
        if len(values):
            marks = watermarks(values, watermark, self._settings)
            watermark = int(marks[-1])
            heads = [self._head(measured) for measured in values.measured]
            for size in self._settings.sizes:
                places = too_late(values, marks, size, self._settings)
                for code, count in Counter(values.codes[places].tolist()).items():
                    late[values.measured[code].name, size] += count
                for start, windows in fold(*_without(values, marks, places), size, end):
                    added = ((heads[code], window) for code, window in windows)
                    records += self._merge(Bucket(size, start), added, watermark)
        self._base = watermark
        counted = _sum(before.too_late, late)
        self._standing = Standing(end, watermark, counted, before.first_offsets)
        records += self._close()
        return Step([*records, self._own(before)], late)

    def reach(self, position: int) -> None:
        """Note that no event is left before ``position``."""
        self._standing = msgspec.structs.replace(self._standing, through_offset=position)

    def idle(self, seconds: float) -> list[Record]:
        """Return what changes when no event has come for so many seconds of the worker's clock.

        After ``idle`` seconds the watermark has moved on as far as the clock did, so that windows
        close without a further event. It moves only when a window closes or ends with that.
        """
        before = self._standing
        if self._base is None or before.watermark is None or seconds < self._settings.idle:
            return []
        watermark = max(before.watermark, self._base + round(seconds * SECOND))
        ended = self._bury(watermark)
        if not ended and not any(bucket.end <= watermark for bucket in self._open):
            return []
        self._standing = msgspec.structs.replace(before, watermark=watermark)
        # The partition's own record goes first: what it closes is closed by whoever reads it.
        return [self._own(self._standing), *ended, *self._close()]

    def current(self, keys: Iterable[bytes]) -> dict[bytes, bytes | None]:
        """Return what the records of some keys say by now; None where there is nothing to say."""
        return {key: self._value_of(key) for key in keys}

    def _value_of(self, key: bytes) -> bytes | None:
        if key == self._last_own[0]:
            return self._last_own[1]
        place = read_key(key)
        head = self._heads.get(place[0]) if place else None
        if place is None or head is None:
            return None
        bucket = place[1]
        packed = self._final.get(bucket, {}).get(head)
        window = self._open.get(bucket, {}).get(head) if packed is None else _unpack(packed)
        return Writer(bucket).record(head, window)[1] if window else None

    def _merge(
        self, bucket: Bucket, added: Iterable[tuple[Head, Window]], watermark: int
    ) -> list[Record]:
        """Add to the windows of a bucket; returns those that ``watermark`` leaves as they are."""
        writer, records, through = Writer(bucket), [], self.through
        final = self._final.get(bucket, {})
        opened = self._open[bucket]
        for head, more in added:
            packed = final.get(head)
            known = opened.get(head) if packed is None else _unpack(packed)
            if known is None:
                known = opened[head] = more
            elif known.through_offset > through:
                continue  # it has them already
            else:
                known.add(more)
            if packed is not None:
                known.revision += 1
                final[head] = _pack(known)
            if packed is not None or bucket.end > watermark:
                records.append(writer.record(head, known))
        return records

    def _close(self) -> list[Record]:
        """Make final what ends at the watermark."""
        records: list[Record] = []
        through, watermark = self._standing.through_offset, self._standing.watermark
        for bucket in [one for one in self._open if watermark is not None and one.end <= watermark]:
            writer, final = Writer(bucket), self._final[bucket]
            for head, window in self._open.pop(bucket).items():
                window.final, window.through_offset = True, through
                final[head] = _pack(window)
                records.append(writer.record(head, window))
        return records

    def _bury(self, watermark: int | None) -> list[Record]:
        """Forget the final windows that late events no longer correct, and what is not ours."""
        records: list[Record] = [(key, None) for key in self._strangers]
        self._strangers.clear()
        if watermark is None:
            return records
        newest = watermark - round(self._settings.correction * SECOND)
        for bucket in [one for one in self._final if one.end <= newest]:
            writer = Writer(bucket)
            records += [(writer.key(head), None) for head in self._final.pop(bucket)]
        self._forget_heads()
        return records

    def _forget_heads(self) -> None:
        if len(self._heads) > self._most_heads:
            held: list[Mapping[Head, Any]] = [*self._open.values(), *self._final.values()]
            self._heads = {head.measured: head for windows in held for head in windows}
            self._most_heads = max(_FEW, _GROWTH * len(self._heads))

    def _head(self, measured: Measured) -> Head:
        head = self._heads.get(measured)
        if head is None:
            head = self._heads[measured] = Head(measured, self._log, self._partition)
        return head

    def _head_of(self, key: bytes) -> Head | None:
        place = read_key(key)
        return self._head(place[0]) if place else None

    def _is_stranger(self, stored: Stored, bucket: Bucket) -> bool:
        return stored.log != self._log or bucket.size not in self._settings.sizes

    def _own(self, before: Standing) -> Record:
        self._last_own = own_record(self._log, self._partition, self._standing, before)
        return self._last_own


def _pack(window: Window) -> bytes:
    return _encode(msgspec.structs.astuple(window))


def _unpack(packed: bytes) -> Window:
    return Window(*_decode(packed))


def _without(values: Values, marks: Integers, places: Integers) -> tuple[Values, Integers]:
    if not len(places):
        return values, marks
    timely = np.ones(len(values), np.bool_)
    timely[places] = False
    return values.keep(timely), marks[timely]


def _as_of(position: int, found: Sequence[Standing] | None, sizes: Iterable[int]) -> Standing:
    # Nothing is as of the position when the group's offset was moved back by hand.
    known = [one for one in found or () if one.through_offset <= position]
    last = max(known, key=lambda one: one.through_offset, default=Standing(position))
    first = {size: last.first_offsets.get(size, last.through_offset) for size in sizes}
    return msgspec.structs.replace(last, first_offsets=first)


def _sum(known: Mapping[int, int], more: Mapping[tuple[str, int], int]) -> dict[int, int]:
    total = Counter(known)
    for (_, size), count in more.items():
        total[size] += count
    return dict(total)
