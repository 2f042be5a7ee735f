"""The live values of one source partition: running sums, latest values, newest observations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

import msgspec
import numpy as np

from millrace.streams.columns import KINDS
from millrace.streams.live_fold import NEVER, Folded, fold, grouped
from millrace.streams.live_records import (
    LiveSeries,
    heading,
    live_progress,
    live_value,
    read_live,
    read_progress,
    series_of,
)
from millrace.streams.measured import Values
from millrace.streams.record_batch import Integers
from millrace.streams.settings import WindowSettings
from millrace.streams.window_records import Record, own_key

#: A value is taken away so many milliseconds after its life: brokers' clocks differ a little.
GRACE: Final = 60_000
#: Seconds: a longer life is as good as none, and would end after the last date there is.
_LONGEST_LIFE: Final = 1e9
#: Observations wait in so many pieces to be put in order at once.
_PIECES: Final = 16

_COUNTER: Final = KINDS["counter"]
_GAUGE: Final = KINDS["gauge"]
_NOTHING: Final = np.empty((2, 0), np.int64)
_NOTHING.flags.writeable = False  # shared by all that have no observations


class _Value(msgspec.Struct, gc=False):
    """One live value; ``received`` in Unix milliseconds, ``last`` in microseconds.

    The columns of ``observed`` and of ``pieces`` are event times and bits of values.
    """

    key: bytes
    head: bytes
    kind: int
    through: int = 0
    received: int = NEVER
    value: float = 0.0
    last: int = NEVER
    observed: Integers = _NOTHING
    pieces: list[Integers] = []
    waiting: int = 0  # observations in pieces
    marked: bool = False  # changed since it was published

    def begin(self) -> None:
        """Forget the life before."""
        self.value, self.last = 0.0, NEVER
        self.observed, self.pieces, self.waiting = _NOTHING, [], 0

    def observe(self, found: Integers, most: int) -> None:
        """Take in observations, from the earliest event to the latest."""
        # A copy: a slice would keep the whole range's array.
        self.pieces.append(found[:, -most:].copy())
        self.waiting += min(found.shape[1], most)
        if len(self.pieces) >= _PIECES or self.waiting >= most:
            self.settle(most)

    def settle(self, most: int) -> None:
        """Put what waits in order with the rest and keep the newest."""
        if self.pieces:
            both = np.concatenate([self.observed, *self.pieces], axis=1)
            order = np.argsort(both[0], kind="stable")
            self.observed = both[:, order[-most:]]
            self.pieces, self.waiting = [], 0


class Live:
    """The live values of one partition of one life of its topic. Not safe to share between threads.

    They follow from the log alone, wherever it was cut into ranges: all of a partition's events
    must be added in offset order, and ones that are in already are passed over. The time is the
    log's too: a value is forgotten once a later event has reached the log more than a life and a
    minute after it, never because the worker is behind. So a partition without new events keeps
    what it has; a reader goes by ``expires_at``.
    """

    def __init__(self, settings: WindowSettings, log: str, partition: int) -> None:
        self._log, self._partition = log, partition
        self._most = settings.observations
        self._life = round(min(settings.live_life, _LONGEST_LIFE) * 1000)
        # By last write, so that those whose lives end first stand in front.
        self._values: dict[LiveSeries, _Value] = {}
        self._marked: list[_Value] = []
        self._foreign: list[bytes] = []  # keys of records of another log
        self._newest = NEVER  # what the log's clock says
        self._through = 0  # no value has more in it
        self._added: int | None = None  # all events below it were added
        self._published: int | None = None

    def __len__(self) -> int:
        return len(self._values)

    def load(self, records: Mapping[bytes, bytes]) -> int | None:
        """Begin with what the partition of telemetry.live holds: the newest value of each key.

        Returns the offset below which all events are in; None when there is no such record of
        this log. The next publish takes records of another log away. Raises BrokerError for a
        record that is none of ours.
        """
        own = own_key(self._partition)
        self._published = read_progress(records.get(own), self._log, self._partition)
        found = []
        for key, record in records.items():
            if key == own:
                continue
            stored = read_live(record, self._partition)
            if (stored.log, stored.partition) == (self._log, self._partition):
                found.append((stored.expires, key, stored))
            else:
                self._foreign.append(key)
        for expires, key, stored in sorted(found, key=lambda one: one[:2]):
            series = stored.series
            self._values[series] = _Value(
                key=key,
                head=heading(series, self._log, self._partition)[1],
                kind=series.kind,
                through=stored.through_offset,
                received=expires - self._life,
                value=stored.value,
                last=stored.last_microsecond,
                observed=stored.observed,
            )
            self._newest = max(self._newest, expires - self._life)
            self._through = max(self._through, stored.through_offset)
        return self._published

    def add(self, values: Values, end: int) -> None:
        """Take in the values of all events from where the last call ended up to offset ``end``.

        Events that a series has in it already, by its ``through_offset``, are passed over.
        """
        if len(values):
            self._newest = max(self._newest, int(values.received.max()))
            self._fold(self._unknown(values), end)
        self._added = max(end, self._added or 0)
        self._through = max(end, self._through)

    @property
    def changed(self) -> bool:
        """Whether there is something to publish."""
        moved = self._added is not None and self._added != self._published
        return moved or bool(self._marked or self._foreign)

    def over(self, now_ms: int, idle_ms: int) -> bool:
        """Tell whether ``publish`` would take a value away."""
        horizon = self._horizon(now_ms, idle_ms)
        return any(value.received < horizon for value in islice(self._values.values(), 1))

    def publish(self, through: int, now_ms: int, idle_ms: int = 0) -> list[Record]:
        """Return what changed as records, then what is over, the partition's own record last.

        All events below ``through`` must have been added. The caller sends the records in this
        order; when it cannot, it must load the values anew, since they count as published. What
        is over is told by the log's clock, ``idle_ms`` after its newest event, or by ``now_ms``,
        Unix milliseconds, if that is behind.
        """
        over = self._forget(self._horizon(now_ms, idle_ms))
        records: list[Record] = [self._record(one, through) for one in self._marked if one.marked]
        known = {key for key, _ in records}
        records += [(key, None) for key in [*over, *self._foreign] if key not in known]
        self._marked, self._foreign = [], []
        self._published = through
        return [*records, live_progress(self._log, self._partition, through)]

    def current(self, keys: Iterable[bytes]) -> dict[bytes, bytes | None]:
        """Return what the records of some keys say by now; None where there is nothing to say."""
        return {key: self._value_of(key) for key in keys}

    def _horizon(self, now_ms: int, idle_ms: int) -> int:
        return min(now_ms, self._newest + idle_ms) - self._life - GRACE

    def _unknown(self, values: Values) -> Values:
        """Return the values of events without a live value that has them in it already."""
        live = values.kinds != KINDS["event"]
        if int(values.offsets[0]) < self._through:
            groups, series = grouped(values)
            known = [self._values.get(one) for one in series]
            through = np.array([one.through if one else 0 for one in known], np.int64)
            live &= values.offsets >= through[groups]
        return values if live.all() else values.keep(live)

    def _fold(self, values: Values, end: int) -> None:
        if not len(values):
            return
        groups, series = grouped(values)
        found = [self._last(one) for one in series]
        received = np.array([one.received for one in found], np.int64)
        sums = np.array([one.value for one in found], np.float64)
        folded = fold(groups, values, received, sums, self._life)
        self._take(found, folded, end)

    def _last(self, series: LiveSeries) -> _Value:
        """Return a series' value, which becomes the last one written."""
        value = self._values.pop(series, None)
        if value is None:
            value = _Value(*heading(series, self._log, self._partition), series.kind)
        self._values[series] = value
        return value

    def _take(self, found: list[_Value], folded: Folded, end: int) -> None:
        times, numbers = folded.pairs[0], folded.pairs[1].view(np.float64)
        ends = folded.ends.tolist()
        facts = zip(
            found,
            folded.anew.tolist(),
            folded.sums.tolist(),
            folded.received.tolist(),
            times[folded.ends - 1].tolist(),
            numbers[folded.ends - 1].tolist(),
            [0, *ends[:-1]],
            ends,
            strict=True,
        )
        for value, anew, total, received, last, number, start, stop in facts:
            if anew:
                value.begin()
            if value.kind == _COUNTER:
                value.value = total
            elif last >= value.last:
                value.value = number
            value.last = max(value.last, last)
            if value.kind > _GAUGE:
                value.observe(folded.pairs[:, start:stop], self._most)
            value.received = received
            value.through = max(value.through, end)
            if not value.marked:
                value.marked = True
                self._marked.append(value)

    def _forget(self, horizon: int) -> list[bytes]:
        """Drop the values that were last written before ``horizon``; return their keys."""
        over = []
        for series, value in self._values.items():
            if value.received >= horizon:
                break
            over.append(series)
        dropped = [self._values.pop(series) for series in over]
        for value in dropped:
            value.marked = False
        return [value.key for value in dropped]

    def _value_of(self, key: bytes) -> bytes | None:
        if key == own_key(self._partition):
            if self._published is None:
                return None
            return live_progress(self._log, self._partition, self._published)[1]
        series = series_of(key)
        value = self._values.get(series) if series else None
        return self._text(value) if value and value.key == key else None

    def _record(self, value: _Value, through: int) -> Record:
        value.marked = False
        value.through = max(value.through, through)
        return value.key, self._text(value)

    def _text(self, value: _Value) -> bytes:
        value.settle(self._most)
        return live_value(
            value.head,
            value.through,
            value.value,
            value.last,
            value.received + self._life,
            value.observed,
        )
