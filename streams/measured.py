"""The measured values of stored events, one after another, each with the series it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from millrace.streams.batch import EventBatch
from millrace.streams.record_batch import Integers
from millrace.streams.sanitize import Pairs
from millrace.streams.series import factorize

Floats = npt.NDArray[np.float64]


class Measured(NamedTuple):
    """One measurement of a series; live windows and live values are kept for each."""

    tenant: str
    name: str
    measurement: str
    tags: Pairs


@dataclass(frozen=True, slots=True)
class Values:
    """The values of some events in offset order; an event has one or more.

    Value ``i`` is of ``measured[codes[i]]``. Its event happened at ``occurred[i]`` (Unix
    microseconds), reached the log at ``received[i]`` (Unix milliseconds) under ``offsets[i]`` and
    is of kind ``kinds[i]`` (see :data:`millrace.streams.columns.KINDS`).
    """

    measured: Sequence[Measured]
    codes: Integers
    values: Floats
    occurred: Integers
    received: Integers
    offsets: Integers
    kinds: Integers

    def __len__(self) -> int:
        return len(self.values)

    def keep(self, mask: npt.NDArray[np.bool_]) -> Values:
        """Return the values where ``mask`` holds."""
        return Values(
            self.measured,
            self.codes[mask],
            self.values[mask],
            self.occurred[mask],
            self.received[mask],
            self.offsets[mask],
            self.kinds[mask],
        )


def values_of(batch: EventBatch) -> Values:
    """Return the values of a batch's rows."""
    series, maps = batch.series, batch.rows.column("measurements")
    ends = maps.offsets.to_numpy()
    names = maps.keys[ends[0] : ends[-1]]
    lengths = np.diff(ends)
    rows = np.repeat(np.arange(batch.stored), lengths)
    texts = names.dictionary.to_pylist()
    spread = series.codes[rows] * len(texts) + names.indices.to_numpy()
    codes, pairs = factorize(spread)
    places = zip(*(part.tolist() for part in divmod(pairs, len(texts) or 1)), strict=True)
    measured = []
    for place, text in places:
        tenant, name, tags = series.series[place]
        measured.append(Measured(tenant, name, texts[text], tags))
    return Values(
        measured,
        codes,
        np.asarray(maps.items[ends[0] : ends[-1]], np.float64),
        batch.occurred[rows],
        batch.timestamps[rows],
        np.asarray(batch.rows.column("offset"), np.int64)[rows],
        np.asarray(batch.rows.column("kind"), np.int64)[rows],
    )
