"""What tests of the links dashboard ask it, and what they count beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dashboard_seeds.links import ORG
from dashboard_story import Story, panel_ids
from link_states import Link, moment, states

UID = "millrace-links"
ID = panel_ids(UID)
MONTH = 720.0


def number(story: Story, title: str, tenant: str = ORG, **given: Any) -> float | None:
    return story.number(UID, ID[title], hours=MONTH, var_tenant=tenant, **given)


def table(story: Story, title: str, tenant: str = ORG, **given: Any) -> list[dict[str, Any]]:
    return story.table(UID, ID[title], hours=MONTH, var_tenant=tenant, **given)


def series(story: Story, title: str, **given: Any) -> dict[str, dict[datetime, float | None]]:
    return story.series(UID, ID[title], **{"hours": MONTH, "var_tenant": ORG, **given})


def links(story: Story, tenant: str = ORG, **until: datetime) -> dict[str, Link]:
    return states(story.events["links"], tenant, **until)


def count(found: Iterable[bool]) -> int:
    return sum(found)


def begun(story: Story, tenant: str) -> list[Link]:
    return [one for one in links(story, tenant).values() if one.started]


def told(story: Story, name: str, tenant: str = ORG) -> list[datetime]:
    """When events of that name happened, refused ones left out."""
    return [
        moment(event)
        for event in story.events["links"]
        if event["name"] == name and event["tenant"] == tenant
        if event.get("entity") != "link:refused"
    ]
