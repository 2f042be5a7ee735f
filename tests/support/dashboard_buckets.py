"""What panels should show, counted in plain Python from the events that the seeds published."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Event = dict[str, Any]
MINUTE, FIVE_MINUTES, HOUR, DAY = 60, 300, 3600, 86400


def moment(event: Event) -> datetime:
    """When it happened."""
    return datetime.fromisoformat(event["occurred_at"])


def floor(at: datetime, step: int) -> datetime:
    """The start of the bucket that holds the moment."""
    seconds = math.floor(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step, UTC)


@dataclass(frozen=True)
class Window:
    """The buckets of a range: from the first that lies in it as a whole to that of its end."""

    end: datetime
    hours: float
    step: int

    @property
    def buckets(self) -> list[datetime]:
        start = self.end - timedelta(hours=self.hours)
        first = floor(start + timedelta(seconds=self.step - 1), self.step)
        count = (floor(self.end, self.step) - first) // timedelta(seconds=self.step)
        return [first + timedelta(seconds=self.step * index) for index in range(count + 1)]

    def inside(self, events: Iterable[Event], *names: str, tenants: Sequence[str]) -> list[Event]:
        """The events of these names and tenants that lie in the buckets."""
        buckets = self.buckets
        first, end = buckets[0], buckets[-1] + timedelta(seconds=self.step)
        return [
            event
            for event in events
            if event["name"] in names
            and event.get("tenant", "default") in tenants
            and first <= moment(event) < end
        ]

    def by_bucket(self, events: Iterable[Event]) -> Iterator[tuple[datetime, list[Event]]]:
        """Every bucket with its events, those without any too."""
        held: dict[datetime, list[Event]] = {bucket: [] for bucket in self.buckets}
        for event in events:
            held[floor(moment(event), self.step)].append(event)
        yield from held.items()


def told(
    groups: Mapping[str, Sequence[Event]], window: Window, *names: str, tenants: Sequence[str]
) -> list[Event]:
    """What any group published of these names; a test that compares nothing with nothing fails."""
    found = window.inside(
        (event for group in groups.values() for event in group), *names, tenants=tenants
    )
    assert found, "the seeds hold nothing to compare with"
    return found


def measured(events: Iterable[Event], measurement: str) -> list[float]:
    """The values of a measurement, where there is one."""
    return [
        float(event["measurements"][measurement])
        for event in events
        if measurement in event.get("measurements", {})
    ]


def rank(values: Sequence[float], level: float) -> float:
    """The value of the percentile's rank, which rollups meet within 0.4 %."""
    return sorted(values)[math.ceil(level * len(values)) - 1]


def users(events: Iterable[Event], *, anonymous: bool = False) -> int:
    """Distinct actors; all events without one are one more when they are to be counted in."""
    actors = {event.get("actor", "") for event in events}
    return len(actors - {""}) + (anonymous and "" in actors)
