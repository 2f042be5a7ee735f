"""The figures of the game server's dashboard, beside the same counted in Python from the seeds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from dashboard_buckets import DAY, HOUR, MINUTE, Event, Window, measured, rank, told
from dashboard_seeds.game import COUNTED, GAUGES, OTHER, REALM
from dashboard_story import Story, panel_ids

from millrace.grafana.generated import dashboards

UID = "millrace-game"
ID = panel_ids(UID)
LOGIN, KILLED, DAMAGE = (
    "bezgelor.auth.login_complete",
    "bezgelor.creature.killed",
    "bezgelor.combat.damage",
)
COUNTS = {
    "Login Rate": LOGIN,
    "Session Starts": "bezgelor.realm.session_start",
    "Players Entering World": "bezgelor.world.player_entered",
    "Quests Accepted": "bezgelor.quest.accepted",
    "Quests Completed": "bezgelor.quest.completed",
    "Quests Abandoned": "bezgelor.quest.abandoned",
    "Creatures Killed": KILLED,
}
SUMS = {"XP Awarded": (KILLED, "xp_reward"), "Damage Dealt": (DAMAGE, "damage_amount")}
SAMPLED = {
    title: (name, measurement)
    for title, (name, measurement, _) in zip(
        ("Players Online", "Creatures Spawned", "Active Zones"), GAUGES, strict=True
    )
}
#: Hours and the seconds of a bucket that they call for.
RANGES = [
    pytest.param(1, MINUTE, id="1h"),
    pytest.param(24, MINUTE, id="24h"),
    pytest.param(168, HOUR, id="7d"),
    pytest.param(720, DAY, id="30d"),
]
EVERYONE = [pytest.param(REALM, id="one realm"), pytest.param(OTHER, id="another realm")]

Series = Mapping[datetime, float | None]


def shown(story: Story, title: str, series: str, **given: Any) -> Series:
    """The one series that the panel has besides ``maximum``."""
    found = story.series(UID, ID[title], **{"tenant": REALM, **given})
    assert found.keys() - {"maximum"} == {series}
    return found[series]


def inside(story: Story, window: Window, name: str, tenant: str = REALM) -> list[Event]:
    return told(story.events, window, name, tenants=[tenant])


@pytest.mark.requirement("GAME-46", "GAME-47")
@pytest.mark.parametrize("tenant", EVERYONE)
@pytest.mark.parametrize(("hours", "step"), RANGES)
@pytest.mark.parametrize("title", COUNTS)
def test_events_are_counted(story: Story, title: str, hours: int, step: int, tenant: str) -> None:
    window = Window(story.anchor, hours, step)
    events = inside(story, window, COUNTS[title], tenant)
    wanted = {bucket: len(held) for bucket, held in window.by_bucket(events)}
    assert shown(story, title, "Count", hours=hours, tenant=tenant) == wanted


@pytest.mark.requirement("GAME-46", "GAME-47", "GAME-48")
@pytest.mark.parametrize("tenant", EVERYONE)
@pytest.mark.parametrize(("hours", "step"), RANGES)
@pytest.mark.parametrize("title", SUMS)
def test_what_adds_up_is_added(
    story: Story, title: str, hours: int, step: int, tenant: str
) -> None:
    window = Window(story.anchor, hours, step)
    name, measurement = SUMS[title]
    events = inside(story, window, name, tenant)
    wanted = {bucket: sum(measured(held, measurement)) for bucket, held in window.by_bucket(events)}
    assert shown(story, title, measurement, hours=hours, tenant=tenant) == wanted


@pytest.mark.requirement("GAME-46", "GAME-47", "GAME-48")
@pytest.mark.parametrize("tenant", EVERYONE)
@pytest.mark.parametrize(("hours", "step"), RANGES)
@pytest.mark.parametrize("title", SAMPLED)
def test_gauges_are_means_and_an_outage_is_a_gap(
    story: Story, title: str, hours: int, step: int, tenant: str
) -> None:
    window = Window(story.anchor, hours, step)
    name, measurement = SAMPLED[title]
    means: dict[datetime, float | None] = {}
    highest: dict[datetime, float | None] = {}
    for bucket, held in window.by_bucket(inside(story, window, name, tenant)):
        values = measured(held, measurement) or ([0.0] if held else [])
        means[bucket] = sum(values) / len(values) if values else None
        highest[bucket] = max(values) if values else None
    found = story.series(UID, ID[title], hours=hours, tenant=tenant)
    assert found[measurement] == pytest.approx(means)
    assert found["maximum"] == highest


def test_two_samples_of_a_minute_are_neither_added_nor_is_one_of_them_left_out(
    story: Story,
) -> None:
    minute = story.anchor.replace(second=0) - timedelta(minutes=30)
    samples = [
        event
        for event in inside(story, Window(story.anchor, 1, MINUTE), "bezgelor.server.players")
        if minute <= datetime.fromisoformat(event["occurred_at"]) < minute + timedelta(minutes=1)
    ]
    values = measured(samples, "online")
    assert len(values) == 3
    found = story.series(UID, ID["Players Online"], hours=1, tenant=REALM)
    assert found["online"][minute] == pytest.approx(sum(values) / 3)
    assert found["maximum"][minute] == max(values)


@pytest.mark.requirement("GAME-48")
def test_a_bucket_without_the_measurement_is_zero(story: Story) -> None:
    minute = story.anchor.replace(second=0) - timedelta(hours=9, minutes=30)
    assert shown(story, "Active Zones", "active")[minute] == 0
    assert shown(story, "XP Awarded", "xp_reward")[minute] == 0
    assert shown(story, "Creatures Killed", "Count")[minute] == 1
    # Where nothing at all came, a gauge has no value.
    assert shown(story, "Players Online", "online")[minute] is None


@pytest.mark.requirement("GAME-49")
@pytest.mark.parametrize("tenant", EVERYONE)
@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_logins_by_outcome_are_totals_of_the_range(
    story: Story, hours: int, step: int, tenant: str
) -> None:
    events = inside(story, Window(story.anchor, hours, step), LOGIN, tenant)
    outcomes = [event.get("tags", {}).get("success") for event in events]
    (row,) = story.table(UID, ID["Login Success/Failure"], hours=hours, tenant=tenant)
    assert row == {
        "success:true": outcomes.count("true"),
        "success:false": outcomes.count("false"),
    }


@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_login_durations(story: Story, hours: int, step: int) -> None:
    window = Window(story.anchor, hours, step)
    events = inside(story, window, LOGIN)
    found = story.series(UID, ID["Login Duration"], hours=hours, tenant=REALM)
    for name, level in (("P50", 0.5), ("P95", 0.95), ("P99", 0.99)):
        wanted = {
            bucket: rank(measured(held, "duration_ms"), level)
            for bucket, held in window.by_bucket(events)
            if held
        }
        known = {bucket: value for bucket, value in found[name].items() if value is not None}
        assert known == pytest.approx(wanted, rel=0.004)
        assert list(found[name]) == window.buckets


def test_all_realms_together(story: Story) -> None:
    window = Window(story.anchor, 24, MINUTE)
    tenants = {
        event.get("tenant", "default")
        for group in story.events.values()
        for event in group
        if event["name"] == LOGIN
    }
    assert len(tenants) > 1
    wanted = told(story.events, window, LOGIN, tenants=sorted(tenants))
    found = shown(story, "Login Rate", "Count", tenant="$__all")
    assert sum(value or 0 for value in found.values()) == len(wanted)


@pytest.mark.requirement("GAME-46")
@pytest.mark.parametrize(
    ("hours", "step"),
    [
        pytest.param(2, MINUTE, id="2 hours"),
        pytest.param(48, MINUTE, id="48 hours"),
        pytest.param(48.99, MINUTE, id="48 whole hours"),
        pytest.param(49, HOUR, id="49 hours"),
        pytest.param(336, HOUR, id="14 days"),
        pytest.param(336.99, HOUR, id="336 whole hours"),
        pytest.param(337, DAY, id="longer"),
    ],
)
def test_the_range_chooses_the_granularity(story: Story, hours: float, step: int) -> None:
    times = list(shown(story, "Login Rate", "Count", hours=hours))
    assert times == Window(story.anchor, hours, step).buckets


@pytest.mark.requirement("GAME-46")
def test_a_short_range_of_long_ago_takes_what_is_still_kept(story: Story) -> None:
    """Minutes of 20 days ago have expired or are about to; the figures are there all the same."""
    day = (story.anchor - timedelta(days=20)).replace(hour=0, minute=0)
    end = day + timedelta(hours=23)
    (total,) = story.table(UID, ID["Login Success/Failure"], hours=23, end=end, tenant=REALM)
    assert sum(total.values()) == len(inside(story, Window(end, 23, HOUR), LOGIN))


def test_fine_and_coarse_grains_agree(story: Story) -> None:
    """Whole days, asked for in minutes, hours and days."""
    end = story.anchor.replace(hour=0, minute=0) - timedelta(seconds=1)
    for title in COUNTS:
        days = shown(story, title, "Count", hours=720, end=end)
        hours = shown(story, title, "Count", hours=48 + 1, end=end)
        minutes = shown(story, title, "Count", hours=24, end=end)
        yesterday = [
            sum(value or 0 for value in list(series.values())[-size:])
            for series, size in ((days, 1), (hours, 24), (minutes, 1440))
        ]
        assert len(set(yesterday)) == 1, title


@pytest.mark.requirement("GAME-53")
@pytest.mark.parametrize("title", sorted(ID))
def test_a_range_without_data_is_empty(story: Story, title: str) -> None:
    """No row of zeros: an empty answer is what makes Grafana show the message."""
    given: dict[str, Any] = {"tenant": REALM, "end": story.anchor - timedelta(days=60)}
    assert story.panel(UID, ID[title], **given) == []
    panel = next(
        panel
        for row in dashboards()[UID]["panels"]
        for panel in (row, *row.get("panels", []))
        if panel.get("title") == title and panel["type"] != "row"
    )
    assert panel["fieldConfig"]["defaults"]["noValue"] == "No data available for this time range"


def test_the_open_bucket_is_marked(story: Story) -> None:
    now = datetime.now(story.anchor.tzinfo)
    (mark,) = story.annotation(UID, "Incomplete", hours=720, end=now)
    assert mark["time"] == Window(now, 720, DAY).buckets[-1].timestamp() * 1000
    assert mark["timeEnd"] - mark["time"] == DAY * 1000
    assert story.annotation(UID, "Incomplete", hours=24) == []


def test_the_seeds_count_what_they_say() -> None:
    assert {name for name, _ in COUNTED} < set(COUNTS.values())
