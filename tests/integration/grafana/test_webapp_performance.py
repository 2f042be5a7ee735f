"""The figures of the web application's performance, counted in Python from the seeds as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from dashboard_buckets import DAY, FIVE_MINUTES, HOUR, Event, Window, measured, rank, told, users
from dashboard_seeds.webapp import OTHER, QUIET, SHOP
from dashboard_story import Story, panel_ids

from millrace.grafana.generated import dashboards

UID = "millrace-webapp-performance"
ID = panel_ids(UID)
REQUEST = "webapp.request"
USED = ("webapp.page_view", "webapp.button_click", "webapp.form_submit", "webapp.feature_usage")
TIME = "response_time_ms"
#: A percentile of a rollup is the value of the same rank within this share.
NEAR = 0.004
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


def status(event: Event) -> int:
    return int(event["tags"].get("status_code", 0))


def failed(event: Event) -> bool:
    if "status_code" in event["tags"]:
        return status(event) >= 400
    return "error_type" in event["tags"]


def number(story: Story, title: str, **given: Any) -> float | None:
    return story.number(UID, ID[title], **{"tenant": SHOP, **given})


@pytest.mark.requirement("WEBAPP-68")
@pytest.mark.parametrize("tenant", BOTH)
@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_cards(story: Story, hours: int, step: int, tenant: str) -> None:
    requests = used_by(story, Window(story.anchor, hours, step), REQUEST, tenants=[tenant])
    times = measured(requests, TIME)
    given = {"hours": hours, "tenant": tenant}
    errors = sum(failed(request) for request in requests)
    assert number(story, "Average response time", **given) == pytest.approx(sum(times) / len(times))
    assert number(story, "P95 response time", **given) == pytest.approx(rank(times, 0.95), rel=NEAR)
    assert number(story, "Requests", **given) == len(requests)
    assert number(story, "Errors", **given) == errors
    rate = number(story, "Error rate", **given)
    assert rate == pytest.approx(errors / len(requests))
    assert 0 <= (rate or 0) <= 1


def test_slow_is_by_the_average(story: Story) -> None:
    """An order by P95 would be another one."""
    rows = {row["Endpoint"]: row for row in story.table(UID, ID["Endpoints"], tenant=SHOP)}
    search, basket = rows["/api/search"], rows["/api/basket"]
    assert search["Average"] > basket["Average"]
    assert search["P95"] < basket["P95"]
    assert list(rows).index("/api/search") < list(rows).index("/api/basket")


def test_where_an_error_begins(story: Story) -> None:
    """399 is none, 400 is one, and so is each of those of which only the half was told."""
    window = Window(story.anchor, 24, FIVE_MINUTES)
    odd = [
        request
        for request in used_by(story, window, REQUEST)
        if request["tags"].get("endpoint") == "/api/session"
    ]
    assert {399, 400, 500, 0} <= {status(request) for request in odd}
    errors = sum(failed(request) for request in odd)
    assert number(story, "Errors", endpoint="/api/session") == errors


@pytest.mark.requirement("WEBAPP-68")
@pytest.mark.parametrize("tenant", BOTH)
@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_active_users_are_those_of_api_and_pages(
    story: Story, hours: int, step: int, tenant: str
) -> None:
    window = Window(story.anchor, hours, step)
    both = used_by(story, window, REQUEST, *USED, tenants=[tenant])
    api = used_by(story, window, REQUEST, tenants=[tenant])
    wanted = users(both)
    assert wanted > users(api)
    assert number(story, "Active users", hours=hours, tenant=tenant) == wanted


@pytest.mark.requirement("WEBAPP-73")
@pytest.mark.parametrize("tenant", BOTH)
def test_anonymous_users_count_as_one_when_they_are_wanted(story: Story, tenant: str) -> None:
    window = Window(story.anchor, 24, FIVE_MINUTES)
    both = used_by(story, window, REQUEST, *USED, tenants=[tenant])
    nobody = [event for event in both if not event.get("actor")]
    assert len(nobody) > 1 or (tenant == OTHER and not nobody)
    without = number(story, "Active users", tenant=tenant)
    included = number(story, "Active users", tenant=tenant, include_anonymous="on")
    assert (without, included) == (users(both), users(both, anonymous=True))


def test_users_of_two_applications_are_one_when_they_are_the_same(story: Story) -> None:
    window = Window(story.anchor, 24, FIVE_MINUTES)
    both = used_by(story, window, REQUEST, *USED, tenants=[SHOP, OTHER])
    each = [users(used_by(story, window, REQUEST, *USED, tenants=[one])) for one in (SHOP, OTHER)]
    assert number(story, "Active users", tenant=[SHOP, OTHER]) == users(both) < sum(each)


@pytest.mark.requirement("WEBAPP-69")
@pytest.mark.parametrize("tenant", BOTH)
@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_every_endpoint_slowest_first(story: Story, hours: int, step: int, tenant: str) -> None:
    by_endpoint: dict[tuple[str, str], list[Event]] = {}
    for request in used_by(story, Window(story.anchor, hours, step), REQUEST, tenants=[tenant]):
        tags = request["tags"]
        key = (tags.get("endpoint", "unknown"), tags["method"])
        by_endpoint.setdefault(key, []).append(request)
    rows = story.table(UID, ID["Endpoints"], hours=hours, tenant=tenant)
    averages = [row["Average"] for row in rows]
    assert averages == sorted(averages, reverse=True)
    assert {(row["Endpoint"], row["Method"]) for row in rows} == by_endpoint.keys()
    assert len(rows) == len(by_endpoint)
    for row in rows:
        requests = by_endpoint[row["Endpoint"], row["Method"]]
        times = measured(requests, TIME)
        assert row == {
            "Endpoint": row["Endpoint"],
            "Method": row["Method"],
            "Average": pytest.approx(sum(times) / len(times)),
            "P50": pytest.approx(rank(times, 0.5), rel=NEAR),
            "P95": pytest.approx(rank(times, 0.95), rel=NEAR),
            "P99": pytest.approx(rank(times, 0.99), rel=NEAR),
            "Requests": len(requests),
            "Error rate": pytest.approx(sum(map(failed, requests)) / len(requests)),
        }


@pytest.mark.requirement("WEBAPP-70")
@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_response_times_over_time(story: Story, hours: int, step: int) -> None:
    window = Window(story.anchor, hours, step)
    held = {
        bucket: measured(requests, TIME)
        for bucket, requests in window.by_bucket(used_by(story, window, REQUEST))
        if requests
    }
    trend = story.series(UID, ID["Response time trend"], hours=hours, tenant=SHOP)
    trend |= story.series(UID, ID["P95 and P99 over time"], hours=hours, tenant=SHOP)
    assert trend.keys() == {"Average", "P50", "P95", "P99"}
    for name, points in trend.items():
        assert list(points) == window.buckets
        known = {bucket: value for bucket, value in points.items() if value is not None}
        if name == "Average":
            wanted = {bucket: sum(times) / len(times) for bucket, times in held.items()}
            assert known == pytest.approx(wanted)
        else:
            level = int(name[1:]) / 100
            wanted = {bucket: rank(times, level) for bucket, times in held.items()}
            assert known == pytest.approx(wanted, rel=NEAR)


@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_requests_and_errors_over_time(story: Story, hours: int, step: int) -> None:
    window = Window(story.anchor, hours, step)
    requests: dict[Any, float] = {}
    client: dict[Any, float] = {}
    server: dict[Any, float] = {}
    for bucket, held in window.by_bucket(used_by(story, window, REQUEST)):
        requests[bucket] = len(held)
        client[bucket] = sum(400 <= status(request) < 500 for request in held)
        server[bucket] = sum(map(failed, held)) - client[bucket]
    assert story.series(UID, ID["Requests over time"], hours=hours, tenant=SHOP) == {
        "Requests": requests
    }
    errors = story.series(UID, ID["Errors over time"], hours=hours, tenant=SHOP)
    assert errors == {"Client errors": client, "Server errors": server}


def test_a_quiet_hour_has_no_response_time_and_no_requests(story: Story) -> None:
    middle = story.anchor - timedelta(hours=sum(QUIET) / 2)
    bucket = Window(middle, 1, FIVE_MINUTES).buckets[-1]
    trend = story.series(UID, ID["Response time trend"], tenant=SHOP)
    assert trend["Average"][bucket] is None
    requests = story.series(UID, ID["Requests over time"], tenant=SHOP)
    assert requests["Requests"][bucket] == 0


def test_one_endpoint_alone(story: Story) -> None:
    window = Window(story.anchor, 24, FIVE_MINUTES)
    search = [
        request
        for request in used_by(story, window, REQUEST)
        if request["tags"].get("endpoint") == "/api/search"
    ]
    assert number(story, "Requests", endpoint="/api/search") == len(search)
    times = measured(search, TIME)
    average = number(story, "Average response time", endpoint="/api/search")
    assert average == pytest.approx(sum(times) / len(times))
    rows = story.table(UID, ID["Endpoints"], tenant=SHOP, endpoint="/api/search")
    assert [row["Requests"] for row in rows] == [len(search)]
    offered = story.choices(UID, "endpoint", tenant=SHOP)
    assert offered == sorted(
        {
            request["tags"].get("endpoint", "unknown")
            for request in used_by(story, Window(story.anchor, 24, DAY), REQUEST)
        }
    )


def test_requests_without_an_endpoint_are_chosen_like_any_other(story: Story) -> None:
    window = Window(story.anchor, 24, FIVE_MINUTES)
    requests = used_by(story, window, REQUEST)
    without = sum("endpoint" not in request["tags"] for request in requests)
    assert 0 < without < len(requests)
    assert number(story, "Requests", endpoint="unknown") == without


def test_fine_and_coarse_grains_agree(story: Story) -> None:
    """Three whole days in 5-minute buckets, hours and days; the ends lie between buckets."""
    end = story.anchor.replace(hour=0, minute=0) - timedelta(seconds=1)
    titles = ("Requests over time", "Errors over time")
    for title in titles:
        totals = []
        for hours, size in ((24, 288), (24 * 14, 24), (720, 1)):
            series = story.series(UID, ID[title], hours=hours, end=end, tenant=SHOP)
            totals.append(
                {
                    name: sum(v or 0 for v in [*points.values()][-size:])
                    for name, points in series.items()
                }
            )
        assert totals[0] == totals[1] == totals[2]


@pytest.mark.requirement("WEBAPP-72")
@pytest.mark.parametrize("title", sorted(ID))
def test_a_range_without_data_is_empty(story: Story, title: str) -> None:
    """No row of zeros: an empty answer is what makes Grafana show the message."""
    end = story.anchor - timedelta(days=100)
    assert story.panel(UID, ID[title], tenant=SHOP, end=end) == []
    panels = {panel["id"]: panel for panel in dashboards()[UID]["panels"]}
    assert panels[ID[title]]["fieldConfig"]["defaults"]["noValue"] == "No data available"
