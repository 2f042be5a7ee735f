"""What became of saved links, worked out from their events in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Event = Mapping[str, Any]
NEVER = datetime.max.replace(tzinfo=UTC)


def moment(event: Event) -> datetime:
    """When it happened."""
    return datetime.fromisoformat(event["occurred_at"])


def said(event: Event, key: str) -> datetime:
    """The time that the producer names."""
    return datetime.fromtimestamp(int(event["attributes"][key]) / 1000, UTC)


@dataclass
class Link:
    """One link after all of its events, the last of which wins."""

    created: datetime | None = None
    url: str = ""
    domain: str = ""
    title: str = ""
    icon: str = ""
    deleted: bool = False
    marked: bool = False
    processing: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is saved and not deleted."""
        return self.created is not None and not self.deleted

    def take(self, event: Event) -> None:
        """Let one more event happen to it."""
        given = event.get("attributes", {})
        match event["name"]:
            case "linkCreated":
                self.created = said(event, "createdAt")
                self.url, self.domain = given["url"], given["domain"]
            case "linkMetadataFetched":
                self.title, self.icon = given["title"], given["favicon"]
            case "linkDeleted" | "linkRestored" as name:
                self.deleted = name == "linkDeleted"
            case "linkCompleted" | "linkUncompleted" as name:
                self.marked = name == "linkCompleted"
            case "linkProcessingStarted":
                self.processing, self.started = "pending", said(event, "startedAt")
            case "linkProcessingCompleted":
                self.processing, self.ended = "completed", said(event, "completedAt")
            case "linkProcessingFailed":
                self.processing, self.ended = "failed", said(event, "failedAt")
                self.error = given.get("error", "")


def states(events: Iterable[Event], tenant: str, until: datetime = NEVER) -> dict[str, Link]:
    """Return every link of the tenant as it was at the moment ``until``, by its id."""
    found: dict[str, Link] = {}
    for event in sorted(events, key=moment):
        entity = event.get("entity", "")
        refused = not all(isinstance(one, float) for one in event.get("measurements", {}).values())
        if event["tenant"] == tenant and entity and not refused and moment(event) < until:
            found.setdefault(entity.removeprefix("link:"), Link()).take(event)
    return found


def day(at: datetime, zone: Any = UTC) -> datetime:
    """The start of the day in that time zone."""
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def week(at: datetime, zone: Any = UTC, first: int = 0) -> datetime:
    """The start of the week; ``first`` is its first day, Monday being 0."""
    start = day(at, zone)
    return day(start - timedelta(days=(start.weekday() - first) % 7, hours=-1), zone)
