"""The figures of the home dashboard, beside the same counted in Python from what was published."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dashboard_buckets import DAY, HOUR, MINUTE, Event, Window, floor, moment
from dashboard_fates import REJECTED, fates, stored
from dashboard_seeds.home import OTHER, TENANT
from dashboard_story import Story, panel_ids

from millrace.grafana.generated import dashboards
from millrace.schemas.catalogue_files import load_catalogue

pytestmark = pytest.mark.integration
UID = "millrace-home"
ID = panel_ids(UID)
#: The namespaces of each group's catalogue.
NAMESPACES = {
    "Game": {"game"},
    "Metrics": {"default", "user"},
    "Identity": {"identity"},
    "Links": {"links"},
    "Web app": {"webapp"},
}
ERRORS = {
    "Game": "Game: failed",
    "Identity": "Identity: failed sign-ins",
    "Links": "Links: failed processing",
    "Web app": "Web app: failed requests",
}
RANGES = [
    pytest.param(1, MINUTE, id="1h"),
    pytest.param(6, 5 * MINUTE, id="6h"),
    pytest.param(72, HOUR, id="3d"),
    pytest.param(720, DAY, id="30d"),
]
BOTH = [pytest.param([TENANT], id="one tenant"), pytest.param([TENANT, OTHER], id="both")]


def owned(events: Iterable[Event], group: str) -> list[Event]:
    """The events of a group, by the catalogue itself."""
    catalogue = load_catalogue()
    return [
        event
        for event in events
        if catalogue.resolve(event["tenant"], event["name"])[0].name in NAMESPACES[group]
    ]


def in_buckets(events: Iterable[Event], buckets: Iterable[datetime], step: int) -> list[Event]:
    known = set(buckets)
    return [event for event in events if floor(moment(event), step) in known]


def tag(event: Event, key: str) -> str:
    return str(event.get("tags", {}).get(key, ""))


def failed_and_all(group: str, events: list[Event]) -> tuple[float, float]:
    """What counts as failed of a group, and of how many."""
    counted: dict[str, tuple[Callable[[Event], bool], Callable[[Event], bool]]] = {
        "Game": (
            lambda one: tag(one, "success") != "",
            lambda one: tag(one, "success") == "false",
        ),
        "Identity": (
            lambda one: one["name"] == "auth.login.attempt",
            lambda one: tag(one, "status") == "fail",
        ),
        "Links": (
            lambda one: one["name"] in {"linkProcessingCompleted", "linkProcessingFailed"},
            lambda one: one["name"] == "linkProcessingFailed",
        ),
        "Web app": (
            lambda one: one["name"] == "webapp.request",
            lambda one: int(tag(one, "status_code") or 500) >= 400,
        ),
    }
    is_counted, is_failed = counted[group]
    all_of_them = [event for event in events if is_counted(event)]
    return sum(map(is_failed, all_of_them)), len(all_of_them)


def rests(group: str, hours: int, tenants: list[str]) -> bool:
    """Tell whether nothing of the group lies in the range: its newest link is of hours ago."""
    return (group, hours, tenants) == ("Links", 1, [TENANT])


@pytest.mark.parametrize("tenants", BOTH)
@pytest.mark.parametrize(("hours", "step"), RANGES)
@pytest.mark.parametrize("group", NAMESPACES)
def test_rates_are_zero_in_gaps_and_leave_the_open_bucket_out(
    story: Story, group: str, hours: int, step: int, tenants: list[str]
) -> None:
    window = Window(story.anchor, hours, step)
    closed = window.buckets[:-1]
    mine = in_buckets(owned(stored(story, *tenants), group), closed, step)
    if rests(group, hours, tenants):
        assert story.series(UID, ID[f"{group}: events a second"], hours=hours, tenant=tenants) == {}
        return
    assert mine
    (line,) = story.series(
        UID, ID[f"{group}: events a second"], hours=hours, tenant=tenants
    ).values()
    assert list(line) == closed
    for bucket, rate in line.items():
        count = len(in_buckets(mine, [bucket], step))
        assert rate == pytest.approx(count / step), bucket


@pytest.mark.parametrize("tenants", BOTH)
@pytest.mark.parametrize(("hours", "step"), RANGES)
@pytest.mark.parametrize("group", ERRORS)
def test_each_groups_own_share_of_errors(
    story: Story, group: str, hours: int, step: int, tenants: list[str]
) -> None:
    buckets = Window(story.anchor, hours, step).buckets
    mine = in_buckets(owned(stored(story, *tenants), group), buckets, step)
    failed, counted = failed_and_all(group, mine)
    found = story.number(UID, ID[ERRORS[group]], hours=hours, tenant=tenants)
    if rests(group, hours, tenants):
        assert found is None
        return
    # The other tenant's events all failed.
    assert 0 < failed < counted or (group, hours) == ("Links", 1)
    assert found == pytest.approx(failed / counted)


def test_refused_metrics_are_those_that_tenants_define(story: Story) -> None:
    # Dead letters bear the time of the run, the stored events their own.
    hours = (datetime.now(UTC) - story.anchor).total_seconds() / 3600 + 24
    given: dict[str, Any] = {"hours": hours, "end": datetime.now(UTC), "tenant": [TENANT, OTHER]}
    mine = fates(story, TENANT, OTHER)
    refused = sum(one.outcome == REJECTED for one in mine)
    step = HOUR
    window = Window(given["end"], hours, step)
    kept = in_buckets(owned(stored(story, TENANT, OTHER), "Metrics"), window.buckets, step)
    assert 0 < refused < len(kept)
    assert story.number(UID, ID["Metrics: refused"], **given) == pytest.approx(
        refused / (refused + len(kept))
    )


@pytest.mark.parametrize("tenants", BOTH)
@pytest.mark.parametrize("hours", [1, 6, 72])
@pytest.mark.parametrize("group", NAMESPACES)
def test_newest_data_is_told_by_the_minute_and_by_the_bucket_when_it_is_old(
    story: Story, group: str, hours: int, tenants: list[str]
) -> None:
    step = {1: MINUTE, 6: 5 * MINUTE, 72: HOUR}[hours]
    mine = owned(stored(story, *tenants), group)
    start = story.anchor - timedelta(hours=hours)
    ages = []
    for width, first in ((MINUTE, story.anchor - timedelta(hours=2)), (step, start)):
        buckets = {floor(moment(one), width) for one in mine if moment(one) <= story.anchor}
        ages += [
            (story.anchor - bucket).total_seconds()
            for bucket in buckets
            if max(first, start) <= bucket <= story.anchor
        ]
    found = story.number(UID, ID[f"{group}: newest data"], hours=hours, tenant=tenants)
    if not ages:
        assert rests(group, hours, tenants)
        assert found is None
    else:
        assert found == min(ages)


def test_the_pipelines_line_and_the_verdicts_are_those_of_its_own_dashboard(story: Story) -> None:
    given: dict[str, Any] = {"hours": 6.0, "end": datetime.now(UTC) + timedelta(minutes=5)}
    mine = fates(story)
    (line,) = story.series(UID, ID["Pipeline: events a second"], **given).values()
    first, second, *_ = line
    total = sum(value or 0 for value in line.values()) * (second - first).total_seconds()
    assert total == pytest.approx(len(stored(story)))
    refused = sum(one.outcome == REJECTED for one in mine) / len(mine)
    for title in ("Rejected", "Pipeline: rejected"):
        assert story.number(UID, ID[title], **given) == pytest.approx(refused)
    theirs = panel_ids("millrace-pipeline")
    for title in ("Reconciled", "Worst lag", "Data complete to"):
        wanted = story.number("millrace-pipeline", theirs[title], hours=1)
        assert wanted is not None
        assert story.number(UID, ID[title], hours=1) == wanted


def test_the_verdict_on_the_pipeline(story: Story) -> None:
    # Little waits, and the newest proof found nothing; three minutes later one finds differences.
    early = story.anchor - timedelta(minutes=4)
    assert story.number(UID, ID["Pipeline"], hours=1, end=early) == 0
    assert story.number(UID, ID["Pipeline"], hours=1) == 2
    # After the anchor a report says that millions wait, and the newest proof is good again.
    late = story.anchor + timedelta(minutes=5)
    assert story.number(UID, ID["Pipeline"], hours=1, end=late) == 2
    # The run itself: events were stored, but no worker tells of itself now.
    now = datetime.now(UTC) + timedelta(minutes=5)
    assert story.number(UID, ID["Pipeline"], hours=6, end=now) == 3


@pytest.mark.parametrize("title", sorted(set(ID) - {"All dashboards", "When something is wrong"}))
def test_a_group_without_data_says_nothing(story: Story, title: str) -> None:
    if not title:
        return
    fields = story.panel(UID, ID[title], hours=1, end=story.anchor - timedelta(days=300))
    assert not any(field["values"] for field in fields)
    fields = story.panel(UID, ID[title], tenant="nobody", hours=6)
    told = any(field["values"] for field in fields)
    assert not told or title in {"Pipeline", "Reconciled", "Worst lag", "Data complete to"}


def test_every_dashboard_is_reached_from_home_with_range_and_choices() -> None:
    everything: list[dict[str, Any]] = dashboards()[UID]["panels"]
    text = "\n".join(panel["options"]["content"] for panel in everything if panel["type"] == "text")
    for uid in dashboards():
        if uid != UID:
            link = f"(/d/{uid}?${{__url_time_range}}&${{__all_variables}})"
            # Once on its group's line, once in the list of all.
            assert text.count(link) == 2, uid
