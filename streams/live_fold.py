"""What a range adds to its live values: one vectorised group-by, whatever the kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from millrace.streams.columns import KINDS
from millrace.streams.live_records import LiveSeries, pairs_of
from millrace.streams.measured import Floats, Values
from millrace.streams.record_batch import Integers
from millrace.streams.series import factorize

#: A time before every other, in any unit; far enough from the end of its type to add a life to.
NEVER: Final = -(1 << 62)
_KINDS: Final = len(KINDS)

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Folded:
    """What some values come to, a place for each group.

    ``anew`` tells whose life had ended before, so that nothing of the past counts; ``sums`` have
    the past in them, added one after another in offset order: floats give another sum in any
    other order. ``received`` are the latest by Kafka time. The columns of ``pairs`` are event
    times and bits of values, by group and then from the earliest event to the latest; group ``i``
    ends before column ``ends[i]``.
    """

    anew: Flags
    sums: Floats
    received: Integers
    pairs: Integers
    ends: Integers


def grouped(values: Values) -> tuple[Integers, list[LiveSeries]]:
    """Return each value's group, and the series of the groups."""
    codes, places = factorize(values.codes * _KINDS + values.kinds)
    series = values.measured
    return codes, [LiveSeries(series[p // _KINDS], p % _KINDS) for p in places.tolist()]


def fold(groups: Integers, values: Values, received: Integers, sums: Floats, life: int) -> Folded:
    """Return what values in offset order add to groups that stand at ``received`` and ``sums``.

    A value that reached the log more than ``life`` milliseconds after all those before it in its
    group begins the group anew.
    """
    anew, kept = _lives(groups, values.received, received, life)
    if not kept.all():
        groups, values = groups[kept], values.keep(kept)
    past = np.where(anew, 0.0, sums)
    # bincount adds in the order of its input.
    places = np.concatenate([np.arange(len(past)), groups])
    weights = np.concatenate([past, values.values])
    totals = np.bincount(places, weights=weights).astype(np.float64)
    # Stable, so that of equally late events the later in the log comes last.
    order = np.lexsort((values.occurred, groups))
    ends = np.cumsum(np.bincount(groups, minlength=len(past)))
    starts = np.concatenate([[0], ends[:-1]])
    latest = np.maximum.reduceat(values.received[order], starts)
    return Folded(
        anew,
        totals,
        np.maximum(latest, received),
        pairs_of(values.occurred[order], values.values[order]),
        ends,
    )


def _lives(
    groups: Integers, received: Integers, before: Integers, life: int
) -> tuple[Flags, Flags]:
    """Return which groups begin anew, and which values are of their groups' last lives."""
    if int(received.max()) - int(received.min()) <= life:
        # No two of these are a life apart: only a group's first one can be, from the past.
        firsts = np.empty(len(before), np.int64)
        firsts[groups[::-1]] = np.arange(len(groups))[::-1]
        return received[firsts] > before + life, np.ones(len(groups), np.bool_)
    order = np.argsort(groups, kind="stable")
    sorted_groups, times = groups[order], received[order]
    heads = np.flatnonzero(np.diff(sorted_groups, prepend=-1))
    reached = times.copy()
    reached[heads] = np.maximum(times[heads], before)
    # The running maximum within each group: ranks, lifted above those of the groups before.
    distinct, ranks = np.unique(reached, return_inverse=True)
    lift = sorted_groups * len(distinct)
    reached = distinct[np.maximum.accumulate(ranks + lift) - lift]
    earlier = np.concatenate([[NEVER], reached[:-1]])
    earlier[heads] = before
    gaps = times > earlier + life
    begin = np.full(len(before), -1)
    np.maximum.at(begin, sorted_groups[gaps], np.flatnonzero(gaps))
    kept = np.empty(len(groups), np.bool_)
    kept[order] = np.arange(len(groups)) >= begin[sorted_groups]
    return begin >= 0, kept
