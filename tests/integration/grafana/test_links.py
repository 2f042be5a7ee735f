"""The state that the links dashboard shows, beside the same worked out in Python from the seeds."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from dashboard_seeds.links import ORG, OTHER, SHRINKING
from dashboard_story import Story
from link_figures import MONTH, UID, begun, count, links, number, series, table, told
from link_states import day, moment, said

from millrace.grafana import palette
from millrace.grafana.generated import dashboards

pytestmark = pytest.mark.integration
BOTH = pytest.mark.parametrize("tenant", [ORG, OTHER])


def change(now: int, before: int) -> str:
    rounded = round((now - before) / before * 100)
    return f"{'+' if rounded >= 0 else ''}{rounded}% from last week"


@BOTH
@pytest.mark.requirement("LINK-03", "LINK-05", "LINK-28", "LINK-29")
def test_total_links_and_their_change(story: Story, tenant: str) -> None:
    today = day(story.anchor)
    now, before = (
        count(one.counts for one in links(story, tenant, until=at).values())
        for at in (today + timedelta(days=1), today - timedelta(days=7))
    )
    [row] = table(story, "Total Links", tenant)
    assert row["Total Links"] == now
    assert row["Weekly change"] == (change(now, before) if before else " ")


@pytest.mark.requirement("LINK-02", "LINK-06", "LINK-29")
def test_completed_links_and_their_change(story: Story) -> None:
    today = day(story.anchor)
    state = count(one.counts and one.marked for one in links(story).values())
    # The change knows marks alone: that of a link which nobody saved is among them.
    net = {
        since: count(at >= since for at in told(story, "linkCompleted"))
        - count(at >= since for at in told(story, "linkUncompleted"))
        for since in (today + timedelta(days=1), today - timedelta(days=7))
    }
    now, before = (state - marks for marks in net.values())
    assert before < now < state  # one was marked the day after
    [row] = table(story, "Completed")
    assert row == {"Completed": now, "Weekly change": change(now, before)}


@pytest.mark.requirement("LINK-29")
def test_a_fall_is_red_and_a_rise_is_green() -> None:
    board = dashboards()[UID]
    [total] = (panel for panel in board["panels"] if panel["title"] == "Total Links")
    [override] = total["fieldConfig"]["overrides"]
    [mappings] = (each["value"] for each in override["properties"] if each["id"] == "mappings")
    colors = {each["options"]["pattern"]: each["options"]["result"]["color"] for each in mappings}
    assert colors == {r"^(\+.*)$": palette.MORE, "^(-.*)$": palette.FEWER}


@pytest.mark.requirement("LINK-29")
def test_fewer_links_than_a_week_ago_are_a_fall(story: Story) -> None:
    assert table(story, "Total Links", SHRINKING) == [
        {"Total Links": 1, "Weekly change": "-75% from last week"}
    ]


def test_a_past_range_shows_the_total_of_its_last_day(story: Story) -> None:
    end = story.anchor - timedelta(days=9)
    now, before = (
        count(one.counts for one in links(story, until=at).values())
        for at in (day(end) + timedelta(days=1), day(end) - timedelta(days=7))
    )
    assert now < count(one.counts for one in links(story).values())
    [row] = table(story, "Total Links", end=end)
    assert row == {"Total Links": now, "Weekly change": change(now, before)}


@BOTH
@pytest.mark.requirement("LINK-04", "LINK-07", "LINK-08", "LINK-09")
def test_pending_failed_and_deleted(story: Story, tenant: str) -> None:
    found = links(story, tenant).values()
    for title, expected in (
        ("Pending Processing", count(one.processing == "pending" for one in found)),
        ("Failed", count(one.processing == "failed" for one in found)),
        ("Deleted Links", count(one.created is not None and one.deleted for one in found)),
    ):
        assert number(story, title, tenant) == expected, title


@BOTH
@pytest.mark.parametrize("zone", ["UTC", "Europe/Warsaw"])
@pytest.mark.requirement("LINK-22", "LINK-31")
def test_links_by_day(story: Story, tenant: str, zone: str) -> None:
    start = story.anchor - timedelta(hours=MONTH)
    local = ZoneInfo(zone)
    expected = Counter(
        day(one.created, local).astimezone(UTC)
        for one in links(story, tenant).values()
        if one.created and one.counts and start <= one.created <= story.anchor
    )
    found = series(story, "Links Over Time", var_tenant=tenant, var_zone=zone)["Links"]
    assert {at: value for at, value in found.items() if value} == expected
    assert {at.astimezone(local).hour for at in found} == {0}
    assert len(found) == 31
    assert 0 in found.values()


@BOTH
@pytest.mark.requirement("LINK-19", "LINK-32")
def test_top_domains(story: Story, tenant: str) -> None:
    saved = [
        one
        for one in links(story, tenant).values()
        if one.counts and one.created and one.created <= story.anchor
    ]
    ranked = sorted(Counter(one.domain for one in saved).items(), key=lambda pair: (-pair[1], pair))
    rows = table(story, "Top Domains", tenant)
    assert [(row["Domain"], row["Links"]) for row in rows] == ranked[:10]
    assert [row["#"] for row in rows] == [f"{place}." for place in range(1, len(rows) + 1)]
    icons = {one.domain: one.icon for one in saved if one.icon}
    assert {row["Domain"]: row["Icon"] for row in rows if row["Domain"] in icons} == {
        row["Domain"]: icons[row["Domain"]] for row in rows if row["Domain"] in icons
    }


def test_no_address_outside_is_asked_for_an_icon_unless_one_is_given(story: Story) -> None:
    stored = {one.domain for one in links(story).values() if one.icon}
    assert all(row["Icon"].startswith("data:") for row in table(story, "Top Domains"))
    asked = table(story, "Top Domains", var_icons="https://icons.example/?domain=<domain>&sz=16")
    without = [row for row in asked if row["Domain"] not in stored]
    assert without
    for row in asked:
        outside = f"https://icons.example/?domain={row['Domain']}&sz=16"
        assert (row["Icon"] == outside) == (row["Domain"] not in stored)


@BOTH
@pytest.mark.requirement("LINK-10", "LINK-11", "LINK-12", "LINK-33")
def test_processing_performance(story: Story, tenant: str) -> None:
    processed = begun(story, tenant)
    done = [one for one in processed if one.processing == "completed"]
    taken = sorted(
        (one.ended - one.started) / timedelta(milliseconds=1)
        for one in done
        if one.ended and one.started
    )
    [row] = table(story, "Processing Performance", tenant)
    assert row["Total Processed"] == len(processed)
    assert row["Success Rate"] == pytest.approx(len(done) / len(processed) * 100)
    assert row["Avg Time"] == (round(math.fsum(taken) / len(taken)) / 1000 if taken else 0)
    place = 0.95 * (len(taken) - 1)
    low = taken[math.floor(place)] if taken else 0
    high = taken[math.ceil(place)] if taken else 0
    assert row["P95"] == pytest.approx((low + (high - low) * (place % 1)) / 1000)
    failed = count(one.processing == "failed" for one in processed)
    settled = len(done) / (len(done) + failed) * 100
    assert number(story, "Success of finished", tenant) == pytest.approx(settled)


@BOTH
@pytest.mark.requirement("LINK-20", "LINK-34")
def test_recent_errors(story: Story, tenant: str) -> None:
    failed = {name: one for name, one in links(story, tenant).items() if one.processing == "failed"}
    newest = sorted(failed, key=lambda name: failed[name].ended or story.anchor, reverse=True)
    rows = table(story, "Recent Errors", tenant)
    assert [row["Link"] for row in rows] == newest[:10]
    for row in rows:
        one = failed[row["Link"]]
        assert one.ended is not None
        assert row["Time"] == round(one.ended.timestamp() * 1000)
        assert (row["URL"], row["Error"], row["Title"]) == (one.url, one.error, one.title)
        # LINK-20's note: a deleted link's error is never shown without saying so.
        assert row["State"] == ("deleted since" if one.deleted else "")


def test_a_failure_that_is_tried_again_is_no_error(story: Story) -> None:
    assert links(story)["again"].processing == "pending"
    assert "again" not in {row["Link"] for row in table(story, "Recent Errors")}
    assert "gone" in {row["Link"] for row in table(story, "Recent Errors")}


@pytest.mark.requirement("LINK-30", "LINK-35")
def test_nothing_known_is_zero_and_no_error(story: Story) -> None:
    nobody = {"tenant": "nobody"}
    for title in ("Total Links", "Completed"):
        assert table(story, title, **nobody) == [{title: 0, "Weekly change": " "}]
    for title in (
        *("Pending Processing", "Failed", "Deleted Links", "Links Today", "Links This Week"),
        *("Interactions Today", "Rejected", "Success of finished"),
    ):
        assert number(story, title, **nobody) == 0, title
    [row] = table(story, "Processing Performance", **nobody)
    assert set(row.values()) == {0}
    assert table(story, "Recent Errors", **nobody) == []
    assert table(story, "Top Domains", **nobody) == []
    panels = {panel["title"]: panel for panel in dashboards()[UID]["panels"]}
    assert panels["Recent Errors"]["fieldConfig"]["defaults"]["noValue"] == "No errors"
    assert set(series(story, "Links Over Time", var_tenant="nobody")["Links"].values()) == {0}


@pytest.mark.requirement("LINK-28", "LINK-36", "LINK-37")
def test_panels_keep_their_order_and_counts_their_separators() -> None:
    board = dashboards()[UID]
    placed = {panel["title"]: panel for panel in board["panels"]}
    order = [
        *("Total Links", "Completed", "Pending Processing", "Failed", "Links Over Time"),
        *("Top Domains", "Processing Performance", "Recent Errors"),
    ]
    corners = [(placed[title]["gridPos"]["y"], placed[title]["gridPos"]["x"]) for title in order]
    assert corners == sorted(corners)
    assert corners[4][0] == corners[5][0]
    assert [placed[title]["gridPos"]["w"] for title in order[:4]] == [6, 6, 6, 6]
    for title in order[:4]:
        assert placed[title]["fieldConfig"]["defaults"]["unit"] == "locale"


def test_the_choice_of_organisations_is_those_with_links(story: Story) -> None:
    assert {ORG, OTHER} <= set(story.choices(UID, "tenant", hours=MONTH))
    assert "exp-lab" not in story.choices(UID, "tenant", hours=MONTH)


def test_producers_times_are_those_of_the_events(story: Story) -> None:
    """The seeds say what the reference takes for granted."""
    for event in story.events["links"]:
        if event["name"] == "linkCreated" and event["entity"] != "link:refused":
            assert said(event, "createdAt") == moment(event)
