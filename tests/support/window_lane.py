"""One source partition on its way through workers that come and go, held against the reference.

Only records that were published survive a worker. Rules that hold for every single record are
checked as it is published, the windows' contents by ``check``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import numpy as np
from window_reference import SECOND, Content, Event, Partition, Place, Terms, windows_of

from millrace.schemas.window import Window, WindowProgress
from millrace.streams.measured import Measured, Values
from millrace.streams.settings import WindowSettings
from millrace.streams.windows import Windows

Record = tuple[bytes, bytes | None]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def values(events: Sequence[Event]) -> Values:
    """What a range with these stored events measures."""
    flat = [(one, *pair) for one in events for pair in sorted(one.measurements.items())]
    series = [Measured(one.tenant, one.name, key, one.tags) for one, key, _ in flat]
    measured = list(dict.fromkeys(series))
    codes = [measured.index(one) for one in series]
    return Values(
        measured,
        np.array(codes, np.int64),
        np.array([value for *_, value in flat], np.float64),
        np.array([one.occurred_us for one, *_ in flat], np.int64),
        np.array([one.received_ms for one, *_ in flat], np.int64),
        np.array([one.offset for one, *_ in flat], np.int64),
        np.zeros(len(flat), np.int64),
    )


def place_of(key: bytes) -> Place | None:
    """Return which window a record's key is of, None for the partition's own."""
    head, *rest = json.loads(key)
    if len(rest) == 1:
        return None
    name, measurement, tags, size, start = rest
    return Place((head, name, measurement, tuple(sorted(tags.items()))), size, start)


class Topic:
    """One partition of telemetry.windows: all that was published, and what a reader holds of it."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}
        self.last: dict[Place, Window] = {}  # the last value, of those taken away too
        self.gone: set[Place] = set()
        self.own: WindowProgress | None = None

    def publish(self, records: Iterable[Record], buried_at: int | None) -> None:
        """Take records in; windows may be taken away up to the watermark ``buried_at``."""
        for key, value in records:
            place = place_of(key)
            if place is None:
                assert value is not None
                self.own = WindowProgress.model_validate_json(value)
                self.held[key] = value
            elif value is None and self.own is None:
                # Without the partition's own record nobody can tell what is in them: begun anew.
                del self.last[place], self.held[key]
            elif value is None:
                assert place in self.last, "taken away before it was published"
                assert buried_at is not None
                assert place.end_us <= buried_at
                self.gone.add(place)
                self.held.pop(key, None)
            elif value != self.held.get(key):  # once more is no change
                self._take(key, place, value)

    def _take(self, key: bytes, place: Place, value: bytes) -> None:
        assert place not in self.gone, "a window came back"
        window, known = Window.model_validate_json(value), self.last.get(place)
        tags = tuple(sorted(window.tags.items()))
        series = (window.tenant, window.name, window.measurement, tags)
        assert Place(series, window.size, int(window.start.timestamp())) == place
        if known is not None:
            assert window.through_offset >= known.through_offset
            assert not known.final or window.final
        corrected = known is not None and known.final
        assert window.revision == (known.revision + 1 if known and corrected else 0)
        if known and corrected:
            assert window.late > known.late, "only a late event corrects"
        self.last[place], self.held[key] = window, value


class Lane:
    """One source partition on its way through workers that come and go."""

    def __init__(self, terms: Terms, partition: int = 0, *, idle: float = 30.0) -> None:
        self.terms, self.partition = terms, partition
        self.settings = WindowSettings(**terms._asdict(), idle=idle)
        self.topic = Topic()
        self.stored: list[Event] = []
        self.moves: list[tuple[int, int]] = []
        self.too_late: Counter[tuple[str, int]] = Counter()
        self.position = 0
        self.restart()

    def restart(self) -> None:
        """Let another worker begin with what was published."""
        self.windows = Windows(self.settings, "log", self.partition)
        self.windows.load(dict(self.topic.held), self.position)
        self.base = self.expected.watermark

    @property
    def expected(self) -> Partition:
        """What the definition makes of all that was stored."""
        return windows_of(self.partition, self.stored, self.terms, self.moves)

    def advance(self, events: Sequence[Event], end: int) -> None:
        """Take a range through to its commit."""
        step = self.windows.advance(values(events), end)
        self.topic.publish(step.records, self._buried_at(self.expected.watermark))
        assert all(one.through_offset == end for one in _windows(step.records))
        self.too_late += step.too_late
        self.stored += events
        self.position = end
        self.base = self.expected.watermark

    def die_in(self, events: Sequence[Event], end: int, survive: Sequence[bool]) -> None:
        """Die while a range is published: only some of its records get there."""
        records = self.windows.advance(values(events), end).records
        kept = [one for one, stays in zip(records, cycle(survive), strict=False) if stays]
        self.topic.publish(kept, self._buried_at(self.expected.watermark))
        self.restart()

    def wait(self, seconds: float, survive: int | None = None) -> None:
        """Look after so many seconds without an event; dies after some records if told to."""
        records = self.windows.idle(seconds)
        if self.base is None or seconds < self.settings.idle:
            assert not records
            return
        moved = max(self.base + round(seconds * SECOND), self.expected.watermark or self.base)
        still_open = [p for p, w in self.topic.last.items() if not w.final and p.end_us <= moved]
        assert records or not still_open
        sent = records[:survive]
        self.topic.publish(sent, self._buried_at(moved))
        if sent:
            assert self.topic.own
            assert self.topic.own.now.watermark == moved
            self.moves.append((self.position, moved))
        if survive is not None:
            self.restart()

    def check(self) -> None:
        """Compare everything published with the definition."""
        expected = self.expected
        assert set(self.topic.last) == set(expected.windows)
        for place, window in self.topic.last.items():
            assert same(window, expected.windows[place], self.partition), place
        mark = expected.watermark
        finals = {place for place, window in self.topic.last.items() if window.final}
        assert finals == {place for place in expected.windows if mark and place.end_us <= mark}
        self._check_counts(expected)

    def _check_counts(self, expected: Partition) -> None:
        by_name = Counter[tuple[str, int]]()
        for place, count in expected.too_late.items():
            by_name[place.series[1], place.size] += count
        assert self.too_late == by_name
        if self.topic.own:
            now = self.topic.own.now
            assert (now.through_offset, now.watermark) == (self.position, expected.watermark)
            assert Counter(now.too_late) == expected.too_late_by_size
        delivered = Counter(
            (e.tenant, e.name, m, e.tags) for e in self.stored for m in e.measurements
        )
        for size in self.terms.sizes:
            found = Counter[Any]()
            for place, window in self.topic.last.items():
                found[place.series] += window.count if place.size == size else 0
            for place, count in expected.too_late.items():
                found[place.series] += count if place.size == size else 0
            assert found == delivered

    def _buried_at(self, watermark: int | None) -> int | None:
        return None if watermark is None else watermark - round(self.terms.correction * SECOND)


def _windows(records: Iterable[Record]) -> list[Window]:
    return [Window.model_validate_json(value) for key, value in records if value and place_of(key)]


def same(window: Window, content: Content, partition: int) -> bool:
    """Tell whether a window has exactly this content; a sum may be off by its roundings."""
    assert content.last is not None
    occurred, _, _, last = content.last
    last_at = (window.last_at - _EPOCH) // _MICROSECOND
    scale = math.fsum(map(abs, content.values))
    return (
        window.partition == partition
        and (window.count, window.late) == (content.count, content.late)
        and (window.min, window.max) == (min(content.values), max(content.values))
        and (window.last, last_at) == (last, occurred)
        and window.histogram == content.histogram
        and math.isclose(window.sum, content.sum, rel_tol=1e-12, abs_tol=1e-12 * scale)
    )
