"""What happens to links day by day, beside the same counted in Python from the seeds."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dashboard_seeds.links import ORG, OTHER
from dashboard_story import Story
from link_figures import MONTH, count, links, number, series, told
from link_states import day, moment, week

pytestmark = pytest.mark.integration
WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Warsaw", "Asia/Kolkata"])
@pytest.mark.requirement("LINK-13", "LINK-14", "LINK-15")
def test_today_and_this_week_begin_in_the_time_zone(story: Story, zone: str) -> None:
    local = ZoneInfo(zone)
    created = [one.created for one in links(story).values() if one.counts and one.created]
    read = told(story, "linkInteracted")
    today = day(story.anchor, local)
    for title, moments, since in (
        ("Links Today", created, today),
        ("Links This Week", created, week(story.anchor, local)),
        ("Interactions Today", read, today),
    ):
        expected = count(since <= at <= story.anchor for at in moments)
        assert number(story, title, var_zone=zone) == expected, title
    sunday = week(story.anchor, local, 6)
    expected = count(sunday <= at <= story.anchor for at in created)
    assert number(story, "Links This Week", var_zone=zone, var_week="0") == expected


def test_midnight_elsewhere_changes_what_today_is(story: Story) -> None:
    night = links(story)["night"].created
    assert night is not None
    assert day(night) != day(story.anchor)
    assert day(night, WARSAW) == day(story.anchor, WARSAW)
    utc, warsaw = (number(story, "Links Today", var_zone=zone) for zone in ("UTC", str(WARSAW)))
    assert utc is not None
    assert warsaw is not None
    assert warsaw > utc


@pytest.mark.parametrize("zone", ["UTC", "Europe/Warsaw"])
@pytest.mark.requirement("LINK-16", "LINK-43")
def test_interactions_by_type_and_day(story: Story, zone: str) -> None:
    local = ZoneInfo(zone)
    first = day(story.anchor - timedelta(hours=MONTH), local) + timedelta(days=1)
    expected: dict[str, Counter[datetime]] = {}
    for event in story.events["links"]:
        at = moment(event)
        if event["name"] == "linkInteracted" and event["tenant"] == ORG and at >= first:
            days = expected.setdefault(event["tags"]["type"], Counter())
            days[day(at, local).astimezone(UTC)] += 1
    found = series(story, "Interactions by type", var_zone=zone)
    assert {
        kind: {at: value for at, value in days.items() if value} for kind, days in found.items()
    } == expected
    assert all(len(days) == 30 for days in found.values())


@pytest.mark.requirement("LINK-02", "LINK-03", "LINK-43")
def test_what_readers_decided(story: Story) -> None:
    first = day(story.anchor - timedelta(hours=MONTH)) + timedelta(days=1)
    found = series(story, "Completed and deleted")
    for title, name in (
        ("Marked complete", "linkCompleted"),
        ("Mark taken back", "linkUncompleted"),
        ("Deleted", "linkDeleted"),
        ("Restored", "linkRestored"),
    ):
        days = Counter(day(at) for at in told(story, name) if first <= at <= story.anchor)
        assert {at: value for at, value in found[title].items() if value} == days, title


@pytest.mark.requirement("LINK-43")
def test_processing_over_time_is_the_same_at_every_grain(story: Story) -> None:
    end = day(story.anchor)
    names = {
        "Started": "linkProcessingStarted",
        "Completed": "linkProcessingCompleted",
        "Failed": "linkProcessingFailed",
        "Summarized": "linkSummarized",
    }
    yesterday = end - timedelta(days=1)
    sums = {}
    for hours, step in ((24, 300), (168, 3600), (MONTH, 86400)):
        found = series(story, "Link processing", hours=hours, end=end)
        times = sorted(found["Started"])
        assert times[1] - times[0] == timedelta(seconds=step)
        sums[hours] = {
            title: sum(value or 0 for at, value in line.items() if yesterday <= at < end)
            for title, line in found.items()
        }
    expected = {
        title: count(yesterday <= at < end for at in told(story, name))
        for title, name in names.items()
    }
    assert list(sums.values()) == [expected] * 3
    assert expected["Started"] > 0


@pytest.mark.requirement("LINK-43")
def test_how_fresh_the_figures_are(story: Story) -> None:
    own = [
        moment(event)
        for event in story.events["links"]
        if event["tenant"] == ORG and event["name"].startswith("link")
        if moment(event) <= story.anchor and event.get("entity") != "link:refused"
    ]
    age = (story.anchor - max(own)).total_seconds()
    assert number(story, "Newest link event") == math.ceil(age)
    waiting = [
        one.started for one in links(story).values() if one.processing == "pending" and one.started
    ]
    oldest = (story.anchor - min(waiting)).total_seconds()
    assert number(story, "Oldest pending") == pytest.approx(oldest, abs=1)
    assert number(story, "Oldest pending", OTHER) is None


@pytest.mark.requirement("LINK-43")
def test_the_lag_is_that_of_the_fullest_partition(story: Story) -> None:
    reports = [
        event
        for group in story.events.values()
        for event in group
        if event["name"] == "millrace.ingest.lag"
        if event["tags"]["topic"].endswith("telemetry.events")
    ]
    end = max((moment(event) for event in reports), default=story.anchor)
    latest = {
        event["tags"]["partition"]: event["measurements"]["records"]
        for event in sorted(reports, key=moment)
        if end - timedelta(minutes=5) < moment(event).replace(second=0, microsecond=0)
    }
    assert number(story, "Worst lag", end=end) == max(latest.values(), default=None)
    assert number(story, "Worst lag", end=end + timedelta(days=300)) is None


@pytest.mark.requirement("LINK-43")
def test_rejected_link_events_of_this_organisation(story: Story) -> None:
    # Dead letters are told by when they arrived, and the seeds have just been published.
    arrived = datetime.now(UTC) + timedelta(minutes=5)
    refused = [one for one in story.events["links"] if one.get("entity") == "link:refused"]
    assert number(story, "Rejected", end=arrived) == len(refused) == 1
    assert number(story, "Rejected", OTHER, end=arrived) == 0
    found = series(story, "Rejected link events", end=arrived, hours=24)
    [(reason, line)] = found.items()
    assert reason == "invalid_field"
    assert sum(value or 0 for value in line.values()) == 1


def test_snapshots_are_the_newest_of_a_bucket_and_never_added(story: Story) -> None:
    shown = {
        "Total Links": "totalLinks",
        "Completed": "completedLinks",
        "Pending Processing": "pendingProcessing",
        "Failed": "failedProcessing",
    }
    found = series(story, "Totals by snapshots", hours=70)
    for title, measurement in shown.items():
        newest: dict[datetime, tuple[datetime, float]] = {}
        for event in story.events["links"]:
            if event["name"] == "metricsSnapshotRecorded" and moment(event) <= story.anchor:
                hour = moment(event).replace(minute=0, second=0)
                value = (moment(event), event["measurements"][measurement])
                newest[hour] = max(newest.get(hour, value), value)
        assert found[title] == {at: newest[at][1] for at in found[title]}
        assert len(found[title]) == 70
