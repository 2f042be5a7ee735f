"""Which series each stored event belongs to: its tenant, name and exact tag set, as codes.

Windows, live values and the budgets of tag values work on codes, so that what they do once for a
series is not done again for each of its events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.streams.record_batch import Integers
from millrace.streams.sanitize import Pairs


class Series(NamedTuple):
    """A tenant's name with one exact tag set, sorted by key; no tags are the empty set."""

    tenant: str
    name: str
    tags: Pairs


@dataclass(frozen=True, slots=True)
class SeriesCodes:
    """Rows by series: row ``i`` is of ``series[codes[i]]``.

    No series is listed twice; one may be listed that no row has any more.
    """

    codes: Integers
    series: Sequence[Series]

    def keep(self, mask: npt.NDArray[np.bool_]) -> SeriesCodes:
        """Return the rows where ``mask`` holds."""
        return SeriesCodes(self.codes[mask], self.series)


def factorize(values: Integers) -> tuple[Integers, Integers]:
    """Return a code for each number and the distinct numbers, in order of their first place."""
    found = pa.array(values).dictionary_encode()
    return found.indices.to_numpy().astype(np.int64), found.dictionary.to_numpy()


def series_codes(codes: Integers, candidates: Sequence[Series]) -> SeriesCodes:
    """Return rows by series where some of the ``candidates`` may be the same one."""
    known: dict[Series, int] = {}
    mapping = np.array([known.setdefault(one, len(known)) for one in candidates], np.int64)
    return SeriesCodes(mapping[codes] if len(codes) else codes, list(known))


def joined(parts: Sequence[SeriesCodes], order: Integers) -> SeriesCodes:
    """Return the rows of several parts as one, in the order that ``order`` gives them."""
    starts = np.cumsum([0, *(len(part.series) for part in parts)])
    codes = [part.codes + start for part, start in zip(parts, starts[:-1], strict=True)]
    candidates = [one for part in parts for one in part.series]
    return series_codes(np.concatenate(codes)[order], candidates)


def read_series(rows: pa.RecordBatch) -> SeriesCodes:
    """Return the series of rows that have the columns tenant, name and tags; row by row."""
    tenants, names = _texts(rows.column("tenant")), _texts(rows.column("name"))
    sets = rows.column("tags").to_pylist()
    found = [
        Series(tenant, name, tuple(sorted(tags)))
        for tenant, name, tags in zip(tenants, names, sets, strict=True)
    ]
    return series_codes(np.arange(len(found)), found)


def _texts(column: pa.Array) -> list[Any]:
    return list(column.to_pylist())
