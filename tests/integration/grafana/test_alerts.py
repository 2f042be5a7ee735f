"""Alert rules on a store that a worker filled: they fire when they must, and at nothing else.

The figures are counted from the seed events in plain Python; which rule fires when is written down.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alert_evaluation import MINUTE, asked, at, close, evaluate, labels, sent, tagged
from dashboard_seeds.alerts import TOPIC
from dashboard_story import Story

from millrace.clickhouse.client import Store
from millrace.grafana import limits
from millrace.grafana.alerts.ask import Labels
from millrace.grafana.generated import alerts
from millrace.schemas.catalogue_files import load_catalogue

pytestmark = pytest.mark.integration
RUNBOOKS = Path(__file__).parents[3] / "docs/runbooks"


def partition(number: int) -> Labels:
    return labels(topic=TOPIC, partition=str(number))


@pytest.mark.parametrize(
    ("minute", "warning", "critical"),
    [
        pytest.param(30, {0, 1}, {1}, id="the newest report counts"),
        pytest.param(120, {3}, set(), id="one partition behind"),
        pytest.param(50, set(), set(), id="nobody reports"),
    ],
)
def test_lag_is_high(story: Story, minute: float, warning: set[int], critical: set[int]) -> None:
    expected = {
        tagged(event, "topic", "partition"): event["measurements"]["records"]
        for _, event in sent(story, minute, 5, "millrace.ingest.lag")
    }
    for severity, firing in (("warning", warning), ("critical", critical)):
        found = asked(story, f"lag-high-{severity}", minute)
        close(dict(found.values), expected)
        assert found.firing == {partition(number) for number in firing}
        assert found.no_data == (not expected)


def test_lag_rises_only_where_the_least_of_now_is_above_the_most_of_then(story: Story) -> None:
    end = at(story, 120)
    samples = defaultdict(list)
    for moment, event in sent(story, 120, 20, "millrace.ingest.lag"):
        key = tagged(event, "topic", "partition")
        samples[key].append((moment.replace(second=0), event["measurements"]["records"]))
    expected = {}
    for key, points in samples.items():
        new = [records for moment, records in points if moment > end - 5 * MINUTE]
        old = [records for moment, records in points if moment <= end - 15 * MINUTE]
        if new and old:
            expected[key] = (min(new) - max(old)) / 10
    found = asked(story, "lag-rising-warning", 120)
    close(dict(found.values), expected)
    assert len(expected) == 3
    assert found.firing == {partition(0)}
    assert not asked(story, "lag-rising-warning", 30).firing


@pytest.mark.parametrize(
    ("minute", "differences"),
    [
        pytest.param(62, 3, id="the last proof found some"),
        pytest.param(82, 0, id="mended since"),
        pytest.param(200, None, id="no proof for an hour"),
    ],
)
def test_reconcile_difference(story: Story, minute: float, differences: float | None) -> None:
    found = asked(story, "reconcile-difference-critical", minute)
    assert list(found.values.values()) == ([] if differences is None else [differences])
    assert bool(found.firing) == bool(differences)
    assert alerts()["millrace-reconcile-difference-critical"]["noDataState"] == "NoData"


@pytest.mark.parametrize(
    ("minute", "fires"),
    [
        pytest.param(245, True, id="two in a hundred"),
        pytest.param(275, False, id="few of many"),
        pytest.param(305, False, id="too few for a share"),
    ],
)
def test_late_ratio(story: Story, minute: float, fires: bool) -> None:
    late: dict[str, float] = defaultdict(float)
    stored = 0.0
    for _, event in sent(story, minute, 15, "millrace.windows.too_late", "millrace.ingest.stored"):
        if event["tags"]["topic"] == TOPIC:
            count = event["measurements"]["count"]
            if "size" in event["tags"]:
                late[event["tags"]["size"]] += count
            else:
                stored += count
    found = asked(story, "late-ratio-warning", minute)
    share = max(late.values()) / stored
    expected: dict[Labels, float] = {(): share} if stored >= limits.SAMPLE else {}
    close(dict(found.values), expected)
    assert bool(found.firing) == fires


@pytest.mark.parametrize(
    ("minute", "warning", "critical"),
    [
        pytest.param(65, {"events", "rollup_1m"}, {"rollup_1m"}, id="two tables"),
        pytest.param(95, set(), set(), id="merged since"),
    ],
)
def test_clickhouse_parts(
    story: Story, minute: float, warning: set[str], critical: set[str]
) -> None:
    expected = {
        tagged(event, "table"): event["measurements"]["parts"]
        for _, event in sent(story, minute, 15, "millrace.store.parts")
    }
    for severity, firing in (("warning", warning), ("critical", critical)):
        found = asked(story, f"clickhouse-parts-{severity}", minute)
        close(dict(found.values), expected)
        assert found.firing == {labels(table=table) for table in firing}


def test_a_disk_fills_up(story: Story) -> None:
    newest = {
        tagged(event, "disk"): event["measurements"]
        for _, event in sent(story, 65, 15, "millrace.store.disk")
    }
    expected = {key: space["free_bytes"] / space["total_bytes"] for key, space in newest.items()}
    for severity, firing in (("warning", {"fast", "cold"}), ("critical", {"cold"})):
        found = asked(story, f"disk-free-{severity}", 65)
        close(dict(found.values), expected)
        assert found.firing == {labels(disk=disk) for disk in firing}
    assert asked(story, "disk-free-critical", 120).no_data


def newest_rows(story: Story, minute: float, span: float) -> dict[Labels, float]:
    """The last count of each table of the web application, by table."""
    return {
        tagged(event, "table"): event["measurements"]["rows"]
        for _, event in sent(story, minute, span, "millrace.store.table")
        if event["tags"]["retention_class"] == "webapp"
    }


@pytest.mark.parametrize(
    ("minute", "firing"),
    [
        pytest.param(125, {"warning"}, id="near the limit"),
        pytest.param(185, {"warning", "critical"}, id="beyond the limit"),
        pytest.param(60, set(), id="nothing reported"),
    ],
)
def test_rows_of_the_web_application(story: Story, minute: float, firing: set[str]) -> None:
    rows = newest_rows(story, minute, 60)
    for severity in ("warning", "critical"):
        found = asked(story, f"webapp-rows-{severity}", minute)
        close(dict(found.values), {(): sum(rows.values())} if rows else {})
        assert bool(found.firing) == (severity in firing)


@pytest.mark.parametrize(
    ("minute", "growth", "fires"),
    [
        pytest.param(125, None, False, id="fast, but below the limit"),
        pytest.param(185, 30_000, True, id="fast at the limit"),
        pytest.param(305, 10_000, False, id="no more than allowed"),
    ],
)
def test_growth_of_the_web_application(
    story: Story, minute: float, growth: float | None, fires: bool
) -> None:
    now = sum(newest_rows(story, minute, 60).values())
    before = sum(newest_rows(story, minute - 24 * 60, 60).values())
    assert before
    assert growth is None or now - before == growth
    found = asked(story, "webapp-growth-warning", minute)
    close(dict(found.values), {} if growth is None else {(): growth})
    assert bool(found.firing) == fires


@pytest.mark.parametrize(
    ("minute", "stale"),
    [
        pytest.param(0, set(), id="not long enough"),
        pytest.param(60, {("alert-stale", "webapp")}, id="one source of two"),
    ],
)
def test_a_source_is_silent(story: Story, minute: float, stale: set[tuple[str, str]]) -> None:
    catalogue, end = load_catalogue(), at(story, minute)
    newest: dict[Labels, datetime] = {}
    hours = defaultdict(set)
    names = {event["name"] for group in story.events.values() for event in group}
    for moment, event in sent(story, minute, 24 * 60, *names):
        tenant = event.get("tenant", "default")
        if tenant.startswith("alert-"):
            source = catalogue.owner(tenant, event["name"]).name
            key = labels(tenant=tenant, source=source)
            bucket = moment.replace(minute=moment.minute // 5 * 5, second=0)
            newest[key] = max(bucket, newest.get(key, bucket))
            hours[key].add(moment.replace(minute=0, second=0))
    expected = {
        key: max(0.0, (end - bucket - 5 * MINUTE).total_seconds())
        for key, bucket in newest.items()
        if len(hours[key]) >= 6
    }
    values, firing = asked(story, "data-stale-warning", minute).of("alert-")
    close(values, expected)
    assert {(dict(key)["tenant"], dict(key)["source"]) for key in firing} == stale


@pytest.mark.parametrize("uid", sorted(alerts()))
def test_every_rule_can_be_evaluated_at_any_moment(story: Story, uid: str) -> None:
    for moment in (story.anchor, datetime.now(UTC), datetime(2020, 2, 2, tzinfo=UTC)):
        evaluate(story.store, uid, moment)


def test_sources_are_the_namespaces_of_the_catalogue(store: Store) -> None:
    sql = alerts()["millrace-data-stale-warning"]["data"][0]["model"]["rawSql"]
    [kind] = re.findall(r"multiIf\(.*'default'\s*\)", sql, re.DOTALL)
    expected = {
        declaration.name: namespace.name
        for namespace, declaration in load_catalogue().declarations
        if namespace.name != "millrace"
    } | {"user.invoices.count": "user", "checkout.duration_ms": "default", "linked": "default"}
    found = store.rows(
        "WITH splitByChar('.', name)[1] AS word"
        f" SELECT name, {kind} FROM (SELECT arrayJoin({list(expected)}) AS name)"
    )
    assert dict(found) == expected


QUERY = re.compile(r'`millrace query "([^`]*)"`')


@pytest.mark.parametrize("page", sorted(RUNBOOKS.iterdir()), ids=lambda page: str(page.stem))
def test_the_queries_of_the_runbooks_run(story: Story, page: Path) -> None:
    for sql in QUERY.findall(page.read_text()):
        story.store.json(sql.replace("TENANT", "alert-a").replace("ENDPOINT", "/api/orders"))
