"""The figures of tenants and budgets, beside the same worked out in Python from the seeds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dashboard_buckets import DAY, FIVE_MINUTES, HOUR, Event, Window, floor, moment
from dashboard_seeds.tenants import BUDGET, OVERFLOWED, REFUSED
from dashboard_story import Story, panel_ids

pytestmark = pytest.mark.integration
UID = "millrace-tenants"
ID = panel_ids(UID)
BOTH = [REFUSED, OVERFLOWED]
#: What a name belongs to.
SPACES = {"shop": "default", "user": "user", "linkInteracted": "links"}


def accepted(story: Story) -> list[Event]:
    """What was stored: without the events whose new value was refused, __overflow__ put in."""
    known: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    found = []
    for event in story.events["tenants"]:
        tags = dict(event.get("tags", {}))
        stored = True
        for key, value in event.get("tags", {}).items():
            values = known[event["tenant"], event["name"], key]
            if value not in values and len(values) == BUDGET:
                tags[key] = "__overflow__"
                stored = event["tenant"] != REFUSED
            else:
                values.add(value)
        if stored:
            found.append({**event, "tags": tags})
    return found


def inside(story: Story, hours: float, *tenants: str) -> list[Event]:
    step = {24.0: FIVE_MINUTES, 168.0: HOUR, 720.0: DAY}[hours]
    window = Window(story.anchor, hours, step)
    names = {event["name"] for event in story.events["tenants"]}
    return window.inside(accepted(story), *names, tenants=tenants or BOTH)


def series(events: Iterable[Event]) -> int:
    return len({(one["tenant"], one["name"], *sorted(one["tags"].items())) for one in events})


def space(event: Event) -> str:
    return SPACES[event["name"].partition(".")[0]]


def given(hours: float = 24.0, tenants: Iterable[str] = BOTH) -> dict[str, Any]:
    return {"hours": hours, "var_tenant": list(tenants)}


def arrived(hours: float = 24.0) -> dict[str, Any]:
    """Budgets are told by when events arrived, and the seeds have just been published."""
    return {**given(hours), "end": datetime.now(UTC) + timedelta(minutes=5)}


@pytest.mark.parametrize("hours", [24.0, 168.0, 720.0])
@pytest.mark.parametrize("tenants", [BOTH, [REFUSED], [OVERFLOWED]])
def test_how_much_there_is(story: Story, hours: float, tenants: list[str]) -> None:
    events = inside(story, hours, *tenants)
    for title, expected in (
        ("Tenants", len(tenants)),
        ("Events", len(events)),
        ("Series", series(events)),
    ):
        assert story.number(UID, ID[title], **given(hours, tenants)) == expected, title


def test_what_budgets_cost(story: Story) -> None:
    overflowed = sum("__overflow__" in one["tags"].values() for one in accepted(story))
    refused = len(story.events["tenants"]) - len(accepted(story))
    assert (overflowed, refused) == (4, 7)
    assert story.number(UID, ID["Overflowed"], **arrived()) == overflowed
    assert story.number(UID, ID["Refused"], **arrived()) == refused
    lines = story.series(UID, ID["Over budget"], **arrived())
    assert {name: sum(value or 0 for value in line.values()) for name, line in lines.items()} == {
        "Overflowed": overflowed,
        "Refused": refused,
    }
    # Those of one tenant are not the other's.
    assert story.number(UID, ID["Refused"], **{**arrived(), "var_tenant": [OVERFLOWED]}) == 0
    assert story.number(UID, ID["Overflowed"], **{**arrived(), "var_tenant": [REFUSED]}) == 0


def test_how_far_budgets_are_used(story: Story) -> None:
    values: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for event in accepted(story):
        for key, value in event["tags"].items():
            if value != "__overflow__":
                values[event["tenant"], space(event), event["name"], key].add(value)
    rows = story.table(UID, ID["Budget use"], **arrived())
    found = {
        (row["Tenant"], row["Namespace"], row["Name"], row["Tag"]): (row["Values"], row["Budget"])
        for row in rows
    }
    assert found == {tag: (len(held), BUDGET) for tag, held in values.items()}
    assert [row["Used"] for row in rows] == sorted((row["Used"] for row in rows), reverse=True)
    cost = {row["Name"]: (row["Overflowed"], row["Refused"]) for row in rows if row["Used"] == 1}
    assert cost == {"shop.sold": (0, 7), "linkInteracted": (4, 0)}
    nearly = sum(len(held) >= 0.8 * BUDGET for held in values.values())
    assert story.number(UID, ID["Nearly used up"], **arrived()) == nearly == 3


def test_share_of_each_tenant(story: Story) -> None:
    events = inside(story, 168.0)
    rows = story.table(UID, ID["Use by tenant"], **given(168.0))
    counts = {tenant: sum(one["tenant"] == tenant for one in events) for tenant in BOTH}
    assert [row["Tenant"] for row in rows] == sorted(counts, key=lambda one: -counts[one])
    for row in rows:
        own = [one for one in events if one["tenant"] == row["Tenant"]]
        assert row["Events"] == len(own)
        assert row["Share"] == pytest.approx(len(own) / len(events))
        assert row["Names"] == len({one["name"] for one in own})
        assert row["Series"] == series(own)
        last = max(floor(moment(one), HOUR) for one in own)
        assert row["Newest bucket"] == round(last.timestamp() * 1000)
        # A row may still be several parts, but never fewer than buckets times series.
        buckets = {
            (one["name"], floor(moment(one), HOUR), *sorted(one["tags"].items())) for one in own
        }
        assert row["Rollup rows"] >= len(buckets)


def test_rates_by_tenant_leave_the_open_bucket_out(story: Story) -> None:
    lines = story.series(UID, ID["Events by tenant"], **given())
    open_bucket = floor(story.anchor, FIVE_MINUTES)
    events = [one for one in inside(story, 24.0) if moment(one) < open_bucket]
    assert len(events) < len(inside(story, 24.0))
    assert lines.keys() == set(BOTH)
    for tenant, line in lines.items():
        own = sum(one["tenant"] == tenant for one in events)
        assert open_bucket not in line
        assert math.fsum(value or 0 for value in line.values()) * FIVE_MINUTES == pytest.approx(own)
        assert None not in line.values()


def test_series_in_use(story: Story) -> None:
    lines = story.series(UID, ID["Series by tenant"], **given())
    window = Window(story.anchor, 24.0, FIVE_MINUTES)
    for tenant, line in lines.items():
        own = inside(story, 24.0, tenant)
        assert line == {at: series(group) for at, group in window.by_bucket(own)}


@pytest.mark.parametrize("hours", [24.0, 168.0])
def test_names_and_namespaces(story: Story, hours: float) -> None:
    names: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    spaces: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in inside(story, hours):
        names[event["tenant"], space(event), event["name"]].append(event)
        spaces[event["tenant"], space(event)].append(event)
    rows = story.table(UID, ID["Names with most series"], **given(hours))
    assert {
        (row["Tenant"], row["Namespace"], row["Name"]): (row["Series"], row["Events"])
        for row in rows
    } == {name: (series(events), len(events)) for name, events in names.items()}
    counts = [row["Series"] for row in rows]
    assert counts == sorted(counts, reverse=True)
    rows = story.table(UID, ID["Namespaces"], **given(hours))
    assert {
        (row["Tenant"], row["Namespace"]): (row["Names"], row["Series"], row["Events"])
        for row in rows
    } == {
        place: (len({one["name"] for one in events}), series(events), len(events))
        for place, events in spaces.items()
    }


def test_many_tenants_end_in_other_and_own_telemetry_is_nobodys(story: Story) -> None:
    everyone: dict[str, Any] = {"hours": 24.0}
    lines = story.series(UID, ID["Events by tenant"], **everyone)
    assert len(lines.keys() - {"other"}) <= 9
    counted: dict[str, int] = defaultdict(int)
    for group in story.events.values():
        for event in group:
            counted[event.get("tenant", "default")] += not event["name"].startswith("millrace.")
    rows = story.table(UID, ID["Use by tenant"], **everyone)
    assert sum(row["Share"] for row in rows) == pytest.approx(1)
    for row in rows:
        assert 0 < row["Events"] <= counted[row["Tenant"]]


def test_nothing_is_made_up(story: Story) -> None:
    nobody = given(24.0, ["nobody"])
    for title in ("Tenants", "Events", "Series", "Overflowed", "Refused", "Nearly used up"):
        assert story.number(UID, ID[title], **nobody) == 0, title
    for title in ("Use by tenant", "Budget use", "Names with most series", "Namespaces"):
        assert story.table(UID, ID[title], **nobody) == [], title
    for title in ("Events by tenant", "Series by tenant"):
        assert story.panel(UID, ID[title], **nobody) == [], title
