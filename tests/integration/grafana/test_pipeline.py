"""The figures of pipeline health, beside the same counted in Python from what was published."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dashboard_buckets import DAY, HOUR, MINUTE, Event, Window, floor, moment, rank
from dashboard_fates import DUPLICATE, REJECTED, STORED, Fate, fates, stored
from dashboard_story import Story, panel_ids
from dashboard_told import by_tag, column, step_of, tagged, told, total, values, within

from millrace.schemas.catalogue_files import load_catalogue

pytestmark = pytest.mark.integration
UID = "millrace-pipeline"
ID = panel_ids(UID)
EVENTS = "telemetry.events"
TENANTS = ("pipe-a", "pipe-b")
#: The run itself: the ledger and the dead letters bear its time, not that of the seeds.
RUN_HOURS = 6.0
LEVELS = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
RANGES = [
    pytest.param(1, MINUTE, id="1h"),
    pytest.param(168, HOUR, id="7d"),
    pytest.param(720, DAY, id="30d"),
]


def run(**given: Any) -> dict[str, Any]:
    """The range that holds the run."""
    return {"end": datetime.now(UTC) + timedelta(minutes=5), "hours": RUN_HOURS, **given}


def refused(story: Story, *tenants: str) -> list[Fate]:
    return [fate for fate in fates(story, *tenants) if fate.outcome == REJECTED]


def test_what_became_of_every_event(story: Story) -> None:
    outcomes = Counter(fate.outcome for fate in fates(story))
    assert outcomes[REJECTED] > 0 < outcomes[DUPLICATE]
    share = outcomes[REJECTED] / outcomes.total()
    assert story.number(UID, ID["Rejected"], **run()) == pytest.approx(share)
    assert story.number(UID, ID["Duplicates"], **run()) == outcomes[DUPLICATE]
    assert story.number(UID, ID["Dead letters"], **run()) == outcomes[REJECTED]
    rates = story.series(UID, ID["Events by outcome"], **run())
    counted = {name: total(line) * step_of(line) for name, line in rates.items()}
    assert counted == pytest.approx(dict(outcomes))
    rate = story.series(UID, ID["Events a second"], **run())["Events a second"]
    assert total(rate) * step_of(rate) == pytest.approx(outcomes[STORED])
    age = story.number(UID, ID["Newest data"], **run())
    assert age is not None
    assert 300 <= age < RUN_HOURS * 3600


def test_dead_letters_follow_the_tenant(story: Story) -> None:
    one = refused(story, "pipe-a")
    assert 0 < len(one) < len(refused(story, *TENANTS))
    assert story.number(UID, ID["Dead letters"], **run(tenant="pipe-a")) == len(one)
    assert story.number(UID, ID["Dead letters"], **run(tenant="pipe-a\\' OR 1=1 --")) == 0


def test_rejects_and_dead_letters_by_cause(story: Story) -> None:
    mine = refused(story, *TENANTS)
    lines = story.series(UID, ID["Rejected by reason"], **run(tenant=list(TENANTS)))
    reasons = Counter(fate.reason for fate in mine)
    assert len(reasons) > 3
    counted = {name: total(line) * step_of(line) / 60 for name, line in lines.items()}
    assert counted == pytest.approx(dict(reasons))
    rows = story.table(UID, ID["Dead letters by cause"], **run(tenant=list(TENANTS)))
    wanted = Counter((one.tenant, one.event["name"], one.reason, one.field) for one in mine)
    found = {column(row, "tenant", "event", "reason", "field"): row["times"] for row in rows}
    assert found == wanted
    assert [row["times"] for row in rows] == sorted(wanted.values(), reverse=True)
    assert all(row["for example"] for row in rows)


def test_dropped_keys(story: Story) -> None:
    rows = story.table(UID, ID["Dropped keys"], **run(tenant="pipe-a"))
    assert [column(row, "namespace", "event", "key", "times") for row in rows] == [
        ("default", "pipe.keys", "email", 3),
        ("default", "pipe.keys", "ip", 1),
    ]


def test_tags_beyond_their_budget(story: Story) -> None:
    both = run(tenant=list(TENANTS))
    rows = story.table(UID, ID["Tags beyond their budget"], **both)
    wanted: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for fate in fates(story, *TENANTS):
        for key in fate.beyond:
            wanted[fate.tenant, fate.event["name"], key][fate.outcome] += 1
    assert {column(row, "tenant", "event", "key"): column(row, "overflow", "refused")
            for row in rows} == {
        key: (counts[STORED], counts[REJECTED]) for key, counts in wanted.items()
    }  # fmt: skip
    assert {column(row, "overflow", "refused") for row in rows} == {(0, 30), (15, 0)}
    assert story.number(UID, ID["Tag overflows"], **both) == 45
    assert story.number(UID, ID["Tag overflows"], **run(tenant="pipe-b")) == 15


@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_events_by_name_leave_the_open_bucket_out(story: Story, hours: int, step: int) -> None:
    window = Window(story.anchor, hours, step)
    closed = [bucket for bucket in window.buckets if bucket < floor(story.anchor, step)]
    inside = [one for one in stored(story, "pipe-a") if floor(moment(one), step) in closed]
    names = Counter(event["name"] for event in inside)
    busiest = [name for name, _ in sorted(names.items(), key=lambda one: (-one[1], one[0]))[:9]]
    lines = story.series(UID, ID["Events by name"], tenant="pipe-a", hours=hours)
    wanted: Counter[str] = Counter()
    for name, count in names.items():
        wanted[name if name in busiest else "other"] += count
    counted = {name: total(line) * step for name, line in lines.items()}
    assert counted == pytest.approx(dict(wanted))
    for line in lines.values():
        assert list(line) == closed


CATALOGUE = load_catalogue()


def kind(name: str) -> str:
    """Who owns a name, by the catalogue itself."""
    return CATALOGUE.resolve("default", name)[0].name


@pytest.mark.parametrize(("hours", "step"), [(2, MINUTE), (24, 5 * MINUTE), (168, HOUR)])
def test_sources_by_the_age_of_their_newest_event(story: Story, hours: int, step: int) -> None:
    tenants = [*TENANTS, "home-a"]
    buckets = set(Window(story.anchor, hours, step).buckets)
    newest: dict[tuple[str, str], datetime] = {}
    for event in stored(story, *tenants):
        bucket, source = floor(moment(event), step), (event["tenant"], kind(event["name"]))
        if bucket in buckets:
            newest[source] = max(newest.get(source, bucket), bucket)
    rows = story.table(UID, ID["Sources"], hours=hours, tenant=tenants)
    found = {column(row, "tenant", "source"): row for row in rows}
    assert found.keys() == newest.keys()
    for source, row in found.items():
        assert row["newest"] == newest[source].timestamp() * 1000
        end = newest[source] + timedelta(seconds=step)
        assert row["silent for"] == max(0, (story.anchor - end).total_seconds())
    assert [row["silent for"] for row in rows] == sorted(
        (row["silent for"] for row in rows), reverse=True
    )


@pytest.mark.parametrize("hours", [1, 24])
def test_top_events(story: Story, hours: int) -> None:
    step = MINUTE if hours == 1 else 5 * MINUTE
    window = Window(story.anchor, hours, step)
    buckets = set(window.buckets)
    inside = [one for one in stored(story, *TENANTS) if floor(moment(one), step) in buckets]
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in inside:
        groups[event["tenant"], event["name"]].append(event)
    rows = story.table(UID, ID["Top events"], tenant=list(TENANTS), hours=hours)
    assert {column(row, "tenant", "event") for row in rows} == set(groups)
    for row in rows:
        events = groups[row["tenant"], row["event"]]
        actors = {event["actor"] for event in events if "actor" in event}
        assert row["events"] == len(events)
        assert row["a second"] == pytest.approx(len(events) / (hours * 3600))
        assert row["distinct actors"] == len(actors)
        assert row["without actor"] == sum("actor" not in event for event in events)
        newest = max(floor(moment(event), step) for event in events)
        assert row["newest bucket"] == newest.timestamp() * 1000


def test_lag_is_the_last_of_each_partition_and_the_worst_of_them(story: Story) -> None:
    recent = within(story, told(story, "ingest.lag"), 5 / 60)
    last = {key: events[-1] for key, events in by_tag(recent, "topic", "partition").items()}
    worst = max(values(last.values(), "records"))
    assert story.number(UID, ID["Worst lag"], hours=1) == worst
    lines = story.series(UID, ID["Lag by partition"], hours=1)
    reports = within(story, told(story, "ingest.lag"), 1)
    for (topic, partition), events in by_tag(reports, "topic", "partition").items():
        wanted: dict[datetime, float] = defaultdict(float)
        for event in events:
            bucket = floor(moment(event), MINUTE)
            wanted[bucket] = max(wanted[bucket], event["measurements"]["records"])
        line = lines[f"{topic} {partition}"]
        assert {at: value for at, value in line.items() if value is not None} == wanted


def test_partitions_now(story: Story) -> None:
    reports = within(story, told(story, "ingest.lag"), 10 / 60)
    newer = by_tag(within(story, reports, 5 / 60), "topic", "partition")
    older = by_tag([one for one in reports if moment(one) <= story.anchor - timedelta(minutes=5)],
                   "topic", "partition")  # fmt: skip
    rows = story.table(UID, ID["Partitions now"], hours=1)
    assert {column(row, "topic", "partition") for row in rows} == set(newer)
    assert (EVENTS, "2") in older, "a partition that is heard of no more is not shown"
    for row in rows:
        events = newer[row["topic"], row["partition"]]
        last = events[-1]["measurements"]
        assert column(row, "waiting", "oldest") == (last["records"], last["seconds"])
        rise = _mean(events) - _mean(older[row["topic"], row["partition"]])
        assert row["more a minute"] == pytest.approx(rise / 5)
        complete = moment(events[-1]) - timedelta(seconds=last["seconds"])
        assert row["complete to"] == pytest.approx(complete.timestamp() * 1000)
    assert [row["waiting"] for row in rows] == sorted(
        (row["waiting"] for row in rows), reverse=True
    )
    assert story.number(UID, ID["Lag trend"], hours=1) == pytest.approx(10)


def _mean(events: list[Event]) -> float:
    records = values(events, "records")
    return sum(records) / len(records)


def test_data_is_complete_to_where_the_slowest_partition_is(story: Story) -> None:
    recent = within(story, told(story, "ingest.lag"), 5 / 60)
    complete = [
        moment(events[-1]) - timedelta(seconds=events[-1]["measurements"]["seconds"])
        for (topic, _), events in by_tag(recent, "topic", "partition").items()
        if topic == EVENTS
    ]
    found = story.number(UID, ID["Data complete to"], hours=1)
    assert found == min(complete).timestamp() * 1000


@pytest.mark.parametrize(("hours", "step"), RANGES)
@pytest.mark.parametrize(("title", "name"), [("Ingest delay", "delay"), ("Flush time", "flush")])
def test_percentiles_are_merged_not_averaged(
    story: Story, title: str, name: str, hours: int, step: int
) -> None:
    window = Window(story.anchor, hours, step)
    events = tagged(told(story, f"ingest.{name}"), topic=EVENTS)
    inside = [one for one in events if floor(moment(one), step) in set(window.buckets)]
    wanted: dict[str, dict[datetime, float]] = {level: {} for level in LEVELS}
    for bucket, held in window.by_bucket(inside):
        for level, share in LEVELS.items():
            if held:
                wanted[level][bucket] = rank(values(held, "seconds"), share)
    lines = story.series(UID, ID[title], hours=hours)
    assert lines.keys() == wanted.keys()
    for level, line in lines.items():
        assert line == pytest.approx(wanted[level], rel=0.005)


def test_the_delay_now(story: Story) -> None:
    recent = within(story, tagged(told(story, "ingest.delay"), topic=EVENTS), 5 / 60)
    wanted = rank(values(recent, "seconds"), 0.99)
    assert story.number(UID, ID["Delay p99"], hours=1) == pytest.approx(wanted, rel=0.005)


def test_the_tenants_to_choose_from(story: Story) -> None:
    found = story.choices(UID, "tenant", hours=24)
    assert set(TENANTS) <= set(found)
    assert found == sorted(found)


@pytest.mark.parametrize("title", sorted(ID))
def test_a_range_without_data_makes_nothing_up(story: Story, title: str) -> None:
    given: dict[str, Any] = {"hours": 1, "end": story.anchor - timedelta(days=300)}
    fields = story.panel(UID, ID[title], **given)
    shown = {value for field in fields if field["type"] == "number" for value in field["values"]}
    # No dead letters and a rate of zero are facts; everything else says that there is nothing.
    zeros = {"Events a second", "Events by outcome", "Dead letters", "Tag overflows"}
    assert shown == ({0} if title in zeros else set())
