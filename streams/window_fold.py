"""What a range adds to its windows: one vectorised group-by for each window size.

The verdict about an event rests on the log alone: on the events before it in its partition and on
the times that the broker gave them. It is the same wherever the log was cut into ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from millrace.streams.histogram import bits_of
from millrace.streams.measured import Values
from millrace.streams.record_batch import Integers
from millrace.streams.series import factorize
from millrace.streams.settings import WindowSettings

SECOND: Final = 1_000_000
_MILLISECOND: Final = 1_000


class Window(msgspec.Struct, gc=False):
    """The value of one window, or what a range adds to it, in the words of schemas/window.py.

    ``last_at`` is text of one length in UTC, so that later ones compare as greater.
    """

    through_offset: int
    count: int
    sum: float
    min: float
    max: float
    last: float
    last_at: str
    late: int
    histogram: dict[int, int]
    final: bool = False
    revision: int = 0

    def add(self, more: Window) -> None:
        """Take in what later records of the log add."""
        self.through_offset = more.through_offset
        self.count += more.count
        self.sum += more.sum
        self.min = min(self.min, more.min)
        self.max = max(self.max, more.max)
        if more.last_at >= self.last_at:  # of equally late events the later in the log
            self.last, self.last_at = more.last, more.last_at
        self.late += more.late
        known = self.histogram
        for bits, count in more.histogram.items():
            known[bits] = known.get(bits, 0) + count


def watermarks(values: Values, before: int | None, settings: WindowSettings) -> Integers:
    """Return the watermark that each value meets, in Unix microseconds.

    It is what the events before have left, with the value's own event counted in: that changes
    nothing for it, since an event never closes the window that it lies in.
    """
    behind = values.occurred - round(settings.lateness * SECOND)
    # The log's own clock, so that every repeat and replay comes to the same.
    latest = values.received * _MILLISECOND + round(settings.ahead * SECOND)
    reached = np.maximum.accumulate(np.minimum(behind, latest))
    return reached if before is None else np.maximum(reached, before)


def too_late(values: Values, marks: Integers, size: int, settings: WindowSettings) -> Integers:
    """Return the places of the values whose windows of a size are past correction."""
    width = size * SECOND
    ends = values.occurred // width * width + width
    return np.flatnonzero(marks >= ends + round(settings.correction * SECOND))


def fold(
    values: Values, marks: Integers, size: int, end: int
) -> Iterator[tuple[int, list[tuple[int, Window]]]]:
    """Yield, by start in Unix seconds, what a range that ends at ``end`` adds to which series.

    A series is given by its place in ``values.measured``. None of the values may be too late.
    """
    if not len(values):
        return
    width = size * SECOND
    numbers = values.occurred // width
    number_codes, starts = factorize(numbers)
    # In order of their start, so that each start is dealt with once.
    groups, codes = np.unique(
        number_codes * len(values.measured) + values.codes, return_inverse=True
    )
    places, series = np.divmod(groups, len(values.measured))
    windows = _windows(values, codes, len(groups), marks >= (numbers + 1) * width, end)
    ends = np.searchsorted(places, np.arange(len(starts)), "right").tolist()
    found = zip(series.tolist(), windows, strict=True)
    first = 0
    for start, last in zip((starts * size).tolist(), ends, strict=True):
        yield start, list(islice(found, last - first))
        first = last


def _windows(
    values: Values, codes: Integers, groups: int, late: npt.NDArray[np.bool_], end: int
) -> Iterator[Window]:
    low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(low, codes, values.values)
    np.maximum.at(high, codes, values.values)
    newest = np.full(groups, np.iinfo(np.int64).min)
    np.maximum.at(newest, codes, values.occurred)
    # Of equally late events the one with the highest offset is the last; a repeated index keeps
    # what is assigned last.
    at_newest = np.flatnonzero(values.occurred == newest[codes])
    last = np.zeros(groups)
    last[codes[at_newest]] = values.values[at_newest]
    return map(
        Window,
        repeat(end),
        np.bincount(codes, minlength=groups).tolist(),
        np.bincount(codes, values.values, groups).tolist(),
        low.tolist(),
        high.tolist(),
        last.tolist(),
        np.datetime_as_string(newest.view("datetime64[us]"), timezone="UTC").tolist(),
        np.bincount(codes[late], minlength=groups).tolist(),
        _histograms(values, codes, groups),
    )


def _histograms(values: Values, codes: Integers, groups: int) -> Iterator[dict[int, int]]:
    found, counts = np.unique(codes << 16 | bits_of(values.values), return_counts=True)
    ends = np.searchsorted(found >> 16, np.arange(groups), "right").tolist()
    pairs = zip((found & 0xFFFF).tolist(), counts.tolist(), strict=True)
    first = 0
    for end in ends:
        yield dict(islice(pairs, end - first))
        first = end
