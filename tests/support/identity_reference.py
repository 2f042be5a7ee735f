"""The figures of the identity dashboard, worked out from the seeds themselves and never by SQL."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard_story import Event

TENANT = "idp"
HOUR = timedelta(hours=1)
#: Length of a period in hours, and its points: IDENT-32.
POINTS = {24: 24, 7 * 24: 28, 30 * 24: 30, 365 * 24: 12}
PERIODS = list(POINTS)

Keep = Callable[[dict[str, str]], bool]


def everything(tags: dict[str, str]) -> bool:
    """Keep whatever the tags are."""
    return True


def where(tag: str, value: str) -> Keep:
    """Keep what has this value of a tag."""
    return lambda tags: tags.get(tag) == value


@dataclass(frozen=True)
class Reference:
    """What one period of one tenant holds. A rollup keeps its last bucket whole."""

    events: Sequence[Event]
    anchor: datetime
    hours: int
    tenants: Sequence[str] = (TENANT,)

    @property
    def slots(self) -> list[datetime]:
        """The buckets, the open one last."""
        last = self.slot(self.anchor)
        if self.hours > 31 * 24:
            months = [last.year * 12 + last.month - 1 - back for back in range(11, -1, -1)]
            return [last.replace(year=month // 12, month=month % 12 + 1) for month in months]
        width = {24: 1, 168: 6, 720: 24}[self.hours]
        return [last - back * width * HOUR for back in range(POINTS[self.hours] - 1, -1, -1)]

    def slot(self, at: datetime) -> datetime:
        """The bucket that a moment lies in."""
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.hours > 31 * 24:
            return day.replace(day=1)
        if self.hours > 7 * 24:
            return day
        return day + (at.hour if self.hours == 24 else at.hour // 6 * 6) * HOUR

    @property
    def _horizon(self) -> datetime:
        hour = self.anchor.replace(minute=0, second=0, microsecond=0)
        return hour + HOUR if self.hours <= 7 * 24 else hour.replace(hour=0) + 24 * HOUR

    def of(self, name: str, keep: Keep = everything) -> Iterator[tuple[datetime, Event]]:
        """The events of a name, each with its moment."""
        first = self.slots[0]
        for one in self.events:
            at = moment(one)
            mine = one["name"] == name and one.get("tenant", "default") in self.tenants
            if mine and first <= at < self._horizon and keep(one.get("tags", {})):
                yield at, one

    def total(self, name: str, keep: Keep = everything) -> float:
        """What a counter was raised by."""
        return math.fsum(counted(one) for _, one in self.of(name, keep))

    def sums(self, name: str, keep: Keep = everything) -> list[float]:
        """The same by bucket, nothing is zero."""
        found = dict.fromkeys(self.slots, 0.0)
        for at, one in self.of(name, keep):
            found[self.slot(at)] += counted(one)
        return list(found.values())

    def values(self, name: str, keep: Keep = everything, measurement: str = "value") -> list[float]:
        """What a histogram measured."""
        return [measured(one, measurement) for _, one in self.of(name, keep)]

    def by_slot(
        self, name: str, keep: Keep = everything, measurement: str = "value"
    ) -> list[list[float]]:
        """The same by bucket."""
        found: dict[datetime, list[float]] = {slot: [] for slot in self.slots}
        for at, one in self.of(name, keep):
            found[self.slot(at)].append(measured(one, measurement))
        return list(found.values())

    def levels(
        self, name: str, level: float, keep: Keep = everything, measurement: str = "value"
    ) -> list[float | None]:
        """A percentile by bucket, None where nothing was measured."""
        return [
            percentile(values, level) if values else None
            for values in self.by_slot(name, keep, measurement)
        ]


def moment(one: Event) -> datetime:
    """When it happened."""
    return datetime.fromisoformat(one["occurred_at"].replace("Z", "+00:00"))


def counted(one: Event) -> float:
    """A counter says how many in either of two ways, or one by saying nothing."""
    return float(one.get("measurements", {}).get("count", one.get("value", 1)))


def measured(one: Event, measurement: str) -> float:
    """One number of an event."""
    return float(one["value"] if measurement == "value" else one["measurements"][measurement])


def percentile(values: Sequence[float], level: float) -> float:
    """The value of rank ceil(level * n), as the rollups have it."""
    return sorted(values)[math.ceil(level * len(values)) - 1]
