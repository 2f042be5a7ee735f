"""Parts of what was published, for expectations that are counted in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from dashboard_buckets import Event, moment
from dashboard_story import Story


def told(story: Story, *names: str) -> list[Event]:
    """Everybody's events of these names, all of them but our own telemetry without any."""
    events = [event for group in story.events.values() for event in group]
    if not names:
        return [event for event in events if not event["name"].startswith("millrace.")]
    return [event for event in events if event["name"] in {f"millrace.{name}" for name in names}]


def within(story: Story, events: Iterable[Event], hours: float) -> list[Event]:
    """Those of the hours before the anchor."""
    start = story.anchor - timedelta(hours=hours)
    return [event for event in events if start <= moment(event) <= story.anchor]


def tagged(events: Iterable[Event], **tags: str) -> list[Event]:
    return [event for event in events if tags.items() <= event.get("tags", {}).items()]


def values(events: Iterable[Event], measurement: str) -> list[float]:
    return [float(event["measurements"][measurement]) for event in events]


def by_tag(events: Iterable[Event], *keys: str) -> dict[tuple[str, ...], list[Event]]:
    found: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in sorted(events, key=moment):
        found[tuple(event["tags"][key] for key in keys)].append(event)
    return found


def column(row: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def total(line: Mapping[datetime, float | None]) -> float:
    return sum(value or 0 for value in line.values())


def step_of(line: Mapping[datetime, Any]) -> float:
    first, second, *_ = line
    return (second - first).total_seconds()
