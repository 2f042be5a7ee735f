"""One window of a series over all source partitions: what people and programs are shown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from millrace.schemas.window import Window
from millrace.streams.histogram import quantile

#: The percentiles that are shown, as the rollups have them.
LEVELS: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


class State(StrEnum):
    """How sure a window is: more to come, complete, or changed after it was complete."""

    OPEN = "open"
    FINAL = "final"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Merged:
    """One window of one series; the same whatever the order of what it was merged from."""

    tenant: str
    name: str
    measurement: str
    tags: Mapping[str, str]
    size: int
    start: datetime
    count: int
    sum: float
    min: float
    max: float
    last: float
    last_at: datetime
    histogram: Mapping[int, int]
    final: bool
    revision: int
    late: int

    @property
    def average(self) -> float:
        """The mean of its values."""
        return self.sum / self.count

    @property
    def per_second(self) -> float:
        """Values a second of the window's whole width, so that an open one grows up to it."""
        return self.count / self.size

    @property
    def state(self) -> State:
        """Whether it is open, final, or final and corrected since."""
        if not self.final:
            return State.OPEN
        return State.CORRECTED if self.revision else State.FINAL

    def percentile(self, name: str) -> float:
        """Return one of the percentiles in LEVELS."""
        return quantile(self.histogram, LEVELS[name])

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: with percentiles in the histogram's place."""
        return {
            "tenant": self.tenant,
            "name": self.name,
            "measurement": self.measurement,
            "tags": dict(self.tags),
            "size": self.size,
            "start": _text(self.start),
            "state": self.state.value,
            "revision": self.revision,
            "late": self.late,
            "count": self.count,
            "per_second": self.per_second,
            "sum": self.sum,
            "avg": self.average,
            "min": self.min,
            "max": self.max,
            "last": self.last,
            "last_at": _text(self.last_at),
            **{name: self.percentile(name) for name in LEVELS},
        }


def merge(windows: Sequence[Window]) -> Merged:
    """Return what the partitions have of one window, as one.

    The windows are of one series, size and start, each of another partition, and at least one; that
    is for the caller to see to. It is final only when all of them are.
    """
    first = windows[0]
    newest = max(windows, key=lambda window: (window.last_at, window.partition))
    histogram: Counter[int] = Counter()
    for window in windows:
        histogram.update(window.histogram)
    return Merged(
        tenant=first.tenant,
        name=first.name,
        measurement=first.measurement,
        tags=first.tags,
        size=first.size,
        start=first.start,
        count=sum(window.count for window in windows),
        # Exact before it is rounded once, so that the order of the partitions means nothing.
        sum=math.fsum(window.sum for window in windows),
        min=min(window.min for window in windows),
        max=max(window.max for window in windows),
        last=newest.last,
        last_at=newest.last_at,
        histogram=histogram,
        final=all(window.final for window in windows),
        revision=sum(window.revision for window in windows),
        late=sum(window.late for window in windows),
    )


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
