"""What a partition has fetched and not yet made ranges of."""

from __future__ import annotations

from dataclasses import replace

from millrace.streams.clock import Clock
from millrace.streams.record_batch import RecordBatch, join
from millrace.streams.settings import SinkSettings


class Pending:
    """Fetched records of one partition, in offset order."""

    def __init__(self, settings: SinkSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._batches: list[RecordBatch] = []
        self._rows = 0
        self._bytes = 0
        self._since = 0.0

    def __bool__(self) -> bool:
        return bool(self._batches)

    @property
    def first(self) -> RecordBatch:
        """The oldest batch; there must be one."""
        return self._batches[0]

    @property
    def end(self) -> int:
        """The position after the newest record; there must be one."""
        return self._batches[-1].end

    @property
    def due(self) -> bool:
        """Whether it makes a full range."""
        return self._rows >= self._settings.max_rows or self._bytes >= self._settings.max_bytes

    @property
    def crowded(self) -> bool:
        """Whether it is more than one range: fetching should pause."""
        return self._rows > self._settings.max_rows or self._bytes > self._settings.max_bytes

    @property
    def seconds_left(self) -> float:
        """How long the oldest record may still wait for others."""
        return self._settings.max_seconds - (self._clock.monotonic() - self._since)

    def add(self, records: RecordBatch) -> None:
        """Take in the next records."""
        if not self._batches:
            self._since = self._clock.monotonic()
        self._batches.append(records)
        self._rows += len(records)
        self._bytes += _size(records)

    def put_back(self, records: RecordBatch) -> None:
        """Put records before everything else that waits."""
        self._set([records, *self._batches])

    def take(self, first: int, end: int | None = None) -> RecordBatch:
        """Take the next range: at most ``max_rows`` records, or those up to position ``end``.

        It begins at position ``first``, which may lie before its first record: where the log has a
        gap, the gap belongs to the range that ends it.
        """
        whole = join(self._batches)
        if end is None:
            cut = min(len(whole), self._settings.max_rows)
            end = whole.end if cut == len(whole) else int(whole.offsets[cut])
        rest = end < whole.end
        self._set([whole.since(end)] if rest else [])
        return replace(whole.until(end) if rest else whole, first=first)

    def _set(self, batches: list[RecordBatch]) -> None:
        self._batches = batches
        self._rows = sum(map(len, batches))
        self._bytes = sum(map(_size, batches))
        self._since = self._clock.monotonic()


def _size(records: RecordBatch) -> int:
    return sum(map(len, filter(None, records.values)))
