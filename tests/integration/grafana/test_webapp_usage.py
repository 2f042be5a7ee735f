"""The figures of the web application's usage, counted in Python from the seeds as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from dashboard_buckets import DAY, FIVE_MINUTES, HOUR, Event, Window, told, users
from dashboard_seeds.webapp import OTHER, PAGES, SHOP
from dashboard_story import Story, panel_ids

from millrace.grafana.generated import dashboards

UID = "millrace-webapp-usage"
ID = panel_ids(UID)
VIEW = "webapp.page_view"
USED = (VIEW, "webapp.button_click", "webapp.form_submit", "webapp.feature_usage")
RANGES = [
    pytest.param(24, FIVE_MINUTES, id="24h"),
    pytest.param(168, HOUR, id="7d"),
    pytest.param(720, DAY, id="30d"),
    pytest.param(2160, DAY, id="90d"),
]
BOTH = [pytest.param(SHOP, id="one application"), pytest.param(OTHER, id="another")]


def used_by(
    story: Story, window: Window, *names: str, tenants: Sequence[str] = (SHOP,)
) -> list[Event]:
    return told(story.events, window, *names, tenants=tenants)


def number(story: Story, title: str, **given: Any) -> float | None:
    return story.number(UID, ID[title], **{"tenant": SHOP, **given})


def bars(story: Story, title: str, label: str, **given: Any) -> list[tuple[str, float]]:
    rows = story.table(UID, ID[title], **{"tenant": SHOP, **given})
    return [(row[label], row["Value"]) for row in rows]


def ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


@pytest.mark.requirement("WEBAPP-68")
@pytest.mark.parametrize("tenant", BOTH)
@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_cards(story: Story, hours: int, step: int, tenant: str) -> None:
    window = Window(story.anchor, hours, step)
    used = used_by(story, window, *USED, tenants=[tenant])
    both = used_by(story, window, "webapp.request", *USED, tenants=[tenant])
    given = {"hours": hours, "tenant": tenant}
    assert number(story, "Total events", **given) == len(used)
    assert number(story, "Unique users", **given) == users(used)
    assert number(story, "Event types", **given) == len({event["name"] for event in used})
    assert number(story, "Active users", **given) == users(both) > users(used)


@pytest.mark.requirement("WEBAPP-73")
def test_anonymous_users_count_as_one_when_they_are_wanted(story: Story) -> None:
    window = Window(story.anchor, 24, FIVE_MINUTES)
    used = used_by(story, window, *USED)
    assert sum("actor" not in event for event in used) > 1
    on = {"include_anonymous": "on"}
    assert number(story, "Unique users", **on) == users(used) + 1
    assert number(story, "Active users", **on) == (number(story, "Active users") or 0) + 1
    for row in story.table(UID, ID["Pages"], tenant=SHOP, **on):
        here = [event for event in used if event["tags"]["page_name"] == row["Page"]]
        assert row["Unique users"] == users(here, anonymous=True)
    points = story.series(UID, ID["Active users over time"], tenant=SHOP, **on)["Active users"]
    both = used_by(story, window, "webapp.request", *USED)
    assert points == {
        bucket: users(held, anonymous=True) for bucket, held in window.by_bucket(both)
    }


@pytest.mark.requirement("WEBAPP-70")
@pytest.mark.parametrize("tenant", BOTH)
@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_distribution_and_top_pages(story: Story, hours: int, step: int, tenant: str) -> None:
    window = Window(story.anchor, hours, step)
    used = used_by(story, window, *USED, tenants=[tenant])
    types = Counter(event["name"].removeprefix("webapp.") for event in used)
    pages = Counter(event["tags"]["page_name"] for event in used if event["name"] == VIEW)
    given = {"hours": hours, "tenant": tenant}
    assert bars(story, "Event distribution", "type", **given) == ranked(types)
    assert bars(story, "Top 5 pages by views", "page", **given) == ranked(pages)[:5]
    if tenant == SHOP:
        assert len(pages) == len(PAGES) > 5


@pytest.mark.requirement("WEBAPP-70")
@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_trends(story: Story, hours: int, step: int) -> None:
    window = Window(story.anchor, hours, step)
    used = used_by(story, window, *USED)
    both = used_by(story, window, "webapp.request", *USED)
    assert story.series(UID, ID["Usage trend"], hours=hours, tenant=SHOP) == {
        "Events": {bucket: len(held) for bucket, held in window.by_bucket(used)}
    }
    assert story.series(UID, ID["Active users over time"], hours=hours, tenant=SHOP) == {
        "Active users": {bucket: users(held) for bucket, held in window.by_bucket(both)}
    }


@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_every_page(story: Story, hours: int, step: int) -> None:
    used = used_by(story, Window(story.anchor, hours, step), *USED)
    by_page: dict[str, list[Event]] = {}
    for event in used:
        by_page.setdefault(event["tags"]["page_name"], []).append(event)
    rows = story.table(UID, ID["Pages"], hours=hours, tenant=SHOP)
    views = [row["Views"] for row in rows]
    assert views == sorted(views, reverse=True)
    assert {row["Page"]: row for row in rows} == {
        page: {
            "Page": page,
            "Views": sum(event["name"] == VIEW for event in events),
            "Other events": sum(event["name"] != VIEW for event in events),
            "Unique users": users(events),
        }
        for page, events in by_page.items()
    }


def test_one_event_type_alone(story: Story) -> None:
    window = Window(story.anchor, 24, FIVE_MINUTES)
    clicks = used_by(story, window, "webapp.button_click")
    given = {"event_type": "webapp.button_click"}
    assert number(story, "Total events", **given) == len(clicks)
    assert number(story, "Unique users", **given) == users(clicks)
    assert number(story, "Event types", **given) == 1
    assert bars(story, "Event distribution", "type", **given) == [("button_click", len(clicks))]
    # What is of all events stays so.
    assert number(story, "Active users", **given) == number(story, "Active users")
    top = bars(story, "Top 5 pages by views", "page")
    assert bars(story, "Top 5 pages by views", "page", **given) == top
    assert story.choices(UID, "event_type", tenant=SHOP) == sorted(USED)


def test_fine_and_coarse_grains_agree(story: Story) -> None:
    end = story.anchor.replace(hour=0, minute=0) - timedelta(seconds=1)
    totals = []
    for hours, size in ((24, 288), (24 * 14, 24), (720, 1)):
        points = story.series(UID, ID["Usage trend"], hours=hours, end=end, tenant=SHOP)["Events"]
        totals.append(sum(value or 0 for value in [*points.values()][-size:]))
    assert totals[0] == totals[1] == totals[2] > 0


@pytest.mark.requirement("WEBAPP-72")
@pytest.mark.parametrize("title", sorted(ID))
def test_a_range_without_data_is_empty(story: Story, title: str) -> None:
    """No row of zeros: an empty answer is what makes Grafana show the message."""
    end = story.anchor - timedelta(days=100)
    assert story.panel(UID, ID[title], tenant=SHOP, end=end) == []
    panels = {panel["id"]: panel for panel in dashboards()[UID]["panels"]}
    assert panels[ID[title]]["fieldConfig"]["defaults"]["noValue"] == "No data available"
