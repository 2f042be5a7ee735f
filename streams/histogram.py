"""The histogram of ClickHouse's quantilesBFloat16, so that windows and rollups agree.

A value counts under the upper 16 bits of its 32-bit float, rounded to the nearest as the view of
rollup_1m does; a percentile is the smallest value that so many others do not exceed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from millrace.streams.measured import Floats
from millrace.streams.record_batch import Integers

_HALF_A_STEP: Final = np.uint32(0x8000)


def bits_of(values: Floats) -> Integers:
    """Return the bfloat16 bits of each value; magnitudes are at most 1e38."""
    singles = values.astype(np.float32).view(np.uint32)
    return ((singles + _HALF_A_STEP) >> np.uint32(16)).astype(np.int64)


def quantile(histogram: Mapping[int, int], level: float) -> float:
    """Return the value at a level between 0 and 1; NaN for an empty histogram."""
    if not histogram:
        return math.nan
    bits = np.fromiter(histogram.keys(), np.uint32, len(histogram))
    counts = np.fromiter(histogram.values(), np.float64, len(histogram))
    values = (bits << np.uint32(16)).view(np.float32)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(counts[order]) >= math.ceil(counts.sum() * level)
    return float(values[order[int(np.argmax(reached))]])
