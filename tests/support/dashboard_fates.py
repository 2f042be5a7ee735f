"""What becomes of each published event, decided one by one in plain Python.

The rules that an event is judged by alone are the arbiter's; those that rest on the events before
it, repeated ids and budgets of tag values, are written down here once more.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboard_story import Event, Story

from millrace.schemas.catalogue import OverBudget
from millrace.schemas.catalogue_files import load_catalogue
from millrace.streams.arbiter import judge
from millrace.streams.refusal import Refusal

STORED, REJECTED, DUPLICATE = "stored", "rejected", "duplicate"


@dataclass(frozen=True)
class Fate:
    """An event and what became of it; reason and field are those of a refusal."""

    event: Event
    outcome: str
    reason: str = ""
    field: str = ""
    #: Keys whose value was folded into the overflow, or refused with the event.
    beyond: tuple[str, ...] = ()

    @property
    def tenant(self) -> str:
        return str(self.event.get("tenant", "default"))


def fates(story: Story, *tenants: str) -> list[Fate]:
    """The fates of everybody's events but our own telemetry, or of some tenants' alone."""
    events = [
        event
        for group in story.events.values()
        for event in group
        if not event["name"].startswith("millrace.")
    ]
    return [fate for fate in _fates(events) if not tenants or fate.tenant in tenants]


def stored(story: Story, *tenants: str) -> list[Event]:
    """The events that are in the store."""
    return [fate.event for fate in fates(story, *tenants) if fate.outcome == STORED]


def _fates(events: Iterable[Event]) -> Iterable[Fate]:
    catalogue = load_catalogue()
    at = int(datetime.now(UTC).timestamp() * 1000)
    seen: set[str] = set()
    values: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for event in events:
        verdict = judge(json.dumps(event).encode(), at, catalogue)
        if isinstance(verdict, Refusal):
            yield Fate(event, REJECTED, str(verdict.reason), verdict.field)
            continue
        if "id" in event:
            if event["id"] in seen:
                yield Fate(event, DUPLICATE)
                continue
            seen.add(event["id"])
        namespace, tags = verdict.namespace, verdict.event.tags
        place = (verdict.event.tenant, verdict.event.name)
        beyond = tuple(
            key
            for key, value in sorted(tags.items())
            if value not in values[*place, key]
            and len(values[*place, key]) >= namespace.series_budget
        )
        if beyond and namespace.over_budget is OverBudget.REFUSE:
            field = f"tags.{beyond[0]}"
            yield Fate(event, REJECTED, "tag_values_exceeded", field, beyond[:1])
            continue
        for key, value in tags.items():
            if key not in beyond:
                values[*place, key].add(value)
        yield Fate(event, STORED, beyond=beyond)
