"""Proofs, late events, workers and the store on pipeline health, counted in Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import pytest
from dashboard_buckets import DAY, HOUR, MINUTE, Window, floor, moment
from dashboard_story import Story, panel_ids
from dashboard_told import by_tag, column, tagged, told, total, values, within

pytestmark = pytest.mark.integration
UID = "millrace-pipeline"
ID = panel_ids(UID)
EVENTS = "telemetry.events"
RANGES = [
    pytest.param(1, MINUTE, id="1h"),
    pytest.param(168, HOUR, id="7d"),
    pytest.param(720, DAY, id="30d"),
]


def test_the_verdict_is_the_newest_proof_before_the_end(story: Story) -> None:
    proofs = sorted(within(story, told(story, "reconcile.finished"), 24), key=moment)
    newest = proofs[-1]
    assert newest["measurements"]["differences"] == 3
    assert story.number(UID, ID["Reconciled"], hours=0.25) == 3
    age = (story.anchor - moment(newest)).total_seconds()
    assert story.number(UID, ID["Last proof"], hours=0.25) == age
    earlier = story.anchor - timedelta(minutes=5)
    assert story.number(UID, ID["Reconciled"], hours=1, end=earlier) == 0
    rows = story.table(UID, ID["Proofs"], hours=24)
    assert [column(row, "proved at", "differences", "comparisons") for row in rows] == [
        (
            moment(one).timestamp() * 1000,
            one["measurements"]["differences"],
            one["measurements"]["checks"],
        )
        for one in reversed(proofs)
    ]


def test_differences_are_the_most_of_a_bucket_and_never_added(story: Story) -> None:
    # A minute's grain: no bucket holds what came after the range.
    lines = story.series(UID, ID["Differences by table"], hours=2)
    found = {
        name: [value for value in line.values() if value is not None]
        for name, line in lines.items()
    }
    assert found == {"rollup_5m": [7, 2], "pipeline_events": [1]}
    # A day holds both proofs of the table.
    days = story.series(UID, ID["Differences by table"], hours=480)
    assert days["rollup_5m"][floor(story.anchor, DAY)] == 7


@pytest.mark.parametrize(("hours", "step"), RANGES)
def test_late_events_agree_at_every_grain(story: Story, hours: int, step: int) -> None:
    window = Window(story.anchor, hours, step)
    inside = [
        one
        for one in tagged(told(story, "windows.too_late"), topic=EVENTS)
        if floor(moment(one), step) in set(window.buckets)
    ]
    wanted = {
        f"{name}, {size} s": sum(values(events, "count"))
        for (name, size), events in by_tag(inside, "name", "size").items()
    }
    lines = story.series(UID, ID["Too late for their window"], hours=hours)
    assert {name: total(line) for name, line in lines.items()} == wanted
    for line in lines.values():
        assert list(line) == window.buckets
        assert None not in line.values()


def test_the_late_share_counts_a_value_once_and_only_what_is_ours_to_carry(story: Story) -> None:
    late_ones = tagged(within(story, told(story, "windows.too_late"), 1), topic=EVENTS)
    sizes = by_tag(late_ones, "size")
    late = {size: sum(values(events, "count")) for size, events in sizes.items()}
    assert len(late) > 1
    carried = sum(
        values(tagged(within(story, told(story, "ingest.stored"), 1), topic=EVENTS), "count")
    )
    wanted = max(late.values()) / carried
    assert story.number(UID, ID["Too late"], hours=1) == pytest.approx(wanted)


def test_pauses_and_losses(story: Story) -> None:
    # Partition 0 goes on again, 2 is paused, 3 is paused only after the range.
    assert story.number(UID, ID["Paused partitions"], hours=0.25) == 1
    assert (
        story.number(
            UID, ID["Paused partitions"], hours=0.25, end=story.anchor + timedelta(minutes=10)
        )
        == 2
    )
    assert story.number(UID, ID["Lost offsets"], hours=1) == 12
    assert story.number(UID, ID["Lost offsets"], hours=168) == sum(
        values(within(story, told(story, "ingest.lost"), 168), "count")
    )
    lines = story.series(UID, ID["Pauses and losses"], hours=1)
    counted = {name: total(line) for name, line in lines.items()}
    assert counted == {"paused": 2, "resumed": 2, "offsets lost": 12}


def test_workers(story: Story) -> None:
    lines = story.series(UID, ID["Worker memory"], hours=1)
    wanted: dict[str, dict[datetime, float]] = defaultdict(dict)
    for (worker,), events in by_tag(
        within(story, told(story, "worker.memory"), 1), "worker"
    ).items():
        for event in events:
            bucket, held = floor(moment(event), MINUTE), event["measurements"]["rss_bytes"]
            wanted[worker][bucket] = max(wanted[worker].get(bucket, 0), held)
    assert {
        name: {at: value for at, value in line.items() if value is not None}
        for name, line in lines.items()
    } == wanted
    rows = {row["worker"]: row for row in story.table(UID, ID["Workers heard"], hours=1)}
    assert rows.keys() == {"w1", "w2"}
    for worker, begun, ended in (("w1", 40, None), ("w2", 35, 5)):
        row = rows[worker]
        assert row["started at"] == _minutes_before(story, begun)
        assert row["stopped at"] == (None if ended is None else _minutes_before(story, ended))
        newest = max(wanted[worker])
        assert (
            row["memory"]
            == [
                event["measurements"]["rss_bytes"]
                for event in sorted(tagged(told(story, "worker.memory"), worker=worker), key=moment)
            ][-1]
        )
        assert row["last heard"] >= newest.timestamp() * 1000
    marks = story.annotation(UID, "Workers", hours=1)
    assert [mark["text"] for mark in marks] == [
        *("worker w1 stopped", "worker w1 started", "worker w2 started", "worker w2 stopped")
    ]


def _minutes_before(story: Story, minutes: int) -> float:
    return (story.anchor - timedelta(minutes=minutes)).timestamp() * 1000


def test_retries(story: Story) -> None:
    inside = within(story, told(story, "ingest.retries"), 1)
    wanted = {
        f"error {code}": sum(values(events, "count"))
        for (code,), events in by_tag(inside, "code").items()
    }
    lines = story.series(UID, ID["Insert retries"], hours=1)
    assert {name: total(line) for name, line in lines.items()} == wanted
    assert all(len(line) == 60 for line in lines.values())


def test_parts(story: Story) -> None:
    # The later sample of the newest minute is the lower one.
    assert story.number(UID, ID["Most parts"], hours=1) == 100
    lines = story.series(UID, ID["Parts by table"], hours=1)
    assert list(lines) == ["events", "ingest_ledger", *(f"table_{one}" for one in range(6))]
    assert set(lines["events"].values()) == {140}
    assert (
        story.series(UID, ID["Parts by table"], hours=1, end=story.anchor - timedelta(days=3)) == {}
    )


def test_merges_and_free_disk(story: Story) -> None:
    lines = story.series(UID, ID["Merges"], hours=1)
    assert list(lines["running"].values()) == [7, 6, 5, 4, 3, 2]
    assert list(lines["longest"].values()) == [50, 40, 30, 20, 10, 0]
    free = story.series(UID, ID["Free disk"], hours=1)
    assert list(free["default"].values()) == pytest.approx([0.175, 0.18, 0.185, 0.19, 0.195, 0.2])
    assert set(free["cold"].values()) == {0.9}


@pytest.mark.requirement("WEBAPP-55", "WEBAPP-56", "WEBAPP-57")
def test_tables_and_how_they_grow(story: Story) -> None:
    rows = {
        column(row, "table", "retention class"): row
        for row in story.table(UID, ID["Tables"], hours=1)
    }
    assert rows.keys() == {
        *(("pipeline_events", "game"), ("pipeline_events", "webapp")),
        ("pipeline_ledger", "default"),
    }
    game, webapp = rows["pipeline_events", "game"], rows["pipeline_events", "webapp"]
    assert column(game, "rows", "bytes") == (100_000, 2_000_000)
    # A hundred rows an hour; an hourly bucket is dated to its last minute.
    assert game["rows a day"] == pytest.approx(2400, rel=0.01)
    assert game["bytes a day"] == pytest.approx(48_000, rel=0.01)
    assert column(webapp, "rows", "rows a day", "bytes", "bytes a day") == (5000, 0, 50_000, 0)
    ledger = rows["pipeline_ledger", "default"]
    assert column(ledger, "rows", "rows a day") == (40, None)


def test_store_size_adds_classes_and_never_samples(story: Story) -> None:
    lines = story.series(UID, ID["Store size"], hours=1)
    assert [value for value in lines["pipeline_events"].values() if value is not None] == [
        2_050_000
    ]
    assert [value for value in lines["pipeline_ledger"].values() if value is not None] == [1234]
