from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from event_rows import LOG, NOON, TOPIC, Row, events_batch
from store_fixtures import RETENTION

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Amount, LogFacts, PartitionFacts, Report, Slice
from millrace.clickhouse.reconcile import ROLLUPS, reconcile

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC)
DAY = NOON.date()


def slices(rows: Sequence[Row]) -> dict[Slice, Amount]:
    result: dict[Slice, Amount] = defaultdict(Amount)
    for row in rows:
        piece = Slice(row.occurred_at.date(), row.retention_class, row.name)
        values = list(row.measurements.values())
        result[piece] += Amount(1, len(values), sum(values))
    return dict(result)


def events(partition: int, count: int = 30, first: int = 0) -> list[Row]:
    """Offsets 0, 3, 6, ... are stored; 1, 4, ... are dead letters, 2, 5, ... duplicates."""
    return [
        Row(
            offset,
            NOON + timedelta(hours=offset % 20),
            name=f"name.{offset % 2}",
            measurements={"a": offset / 7, "b": -1.0} if offset % 2 else {"a": 1e9},
            partition=partition,
        )
        for offset in range(first, first + count, 3)
    ]


def insert_range(store: Store, partition: int, first: int, end: int) -> list[Row]:
    rows = events(partition, end - first, first)
    token = f"{partition}:{first}-{end}"
    store.insert("events", events_batch(rows), token)
    store.insert("dead_letters", dead_letters(partition, range(first + 1, end, 3)), token)
    store.insert("ingest_ledger", ledger_row(partition, first, end, rows), token)
    return rows


def dead_letters(partition: int, offsets: Sequence[int]) -> pa.RecordBatch:
    number = len(offsets)
    columns = {
        "log": pa.array([LOG] * number),
        "topic": pa.array([TOPIC] * number),
        "partition": pa.array([partition] * number, pa.uint32()),
        "offset": pa.array(list(offsets), pa.uint64()),
        "received_at": pa.array([NOW] * number, pa.timestamp("ms", "UTC")),
        "reason": pa.array(["malformed_json"] * number),
    }
    return pa.RecordBatch.from_pydict(columns)


def ledger_row(partition: int, first: int, end: int, rows: Sequence[Row]) -> pa.RecordBatch:
    stored = len(rows)
    columns: dict[str, Any] = {
        "log": [LOG],
        "topic": [TOPIC],
        "partition": pa.array([partition], pa.uint32()),
        "first_offset": pa.array([first], pa.uint64()),
        "end_offset": pa.array([end], pa.uint64()),
        "delivered": pa.array([end - first], pa.uint64()),
        "stored": pa.array([stored], pa.uint64()),
        "rejected": pa.array([stored], pa.uint64()),
        "duplicate": pa.array([end - first - 2 * stored], pa.uint64()),
        "first_day": pa.array([min(row.occurred_at.date() for row in rows)], pa.date32()),
        "last_day": pa.array([max(row.occurred_at.date() for row in rows)], pa.date32()),
        "flushed_at": pa.array([NOW], pa.timestamp("ms", "UTC")),
    }
    return pa.RecordBatch.from_pydict(columns)


def facts_of(rows: Sequence[Row], partition: int, start: int, end: int) -> PartitionFacts:
    kept = [row for row in rows if row.partition == partition and start <= row.offset < end]
    third = (end - start) // 3
    return PartitionFacts(
        TOPIC, partition, start, end, end - start, third, third, third, slices(kept)
    )


@pytest.fixture
def filled(store: Store) -> tuple[Store, LogFacts]:
    """Two partitions of 60 and 30 offsets in ranges of 30, all in order."""
    rows = insert_range(store, 0, 0, 30) + insert_range(store, 0, 30, 60)
    rows += insert_range(store, 1, 0, 30)
    partitions = (facts_of(rows, 0, 0, 60), facts_of(rows, 1, 0, 30))
    return store, LogFacts({TOPIC: LOG}, partitions)


def run(store: Store, facts: LogFacts, **changes: Any) -> Report:
    return reconcile(store, facts, **{"retention": RETENTION, "now": NOW, **changes})


def test_a_store_that_agrees_with_its_log(filled: tuple[Store, LogFacts]) -> None:
    report = run(*filled)
    assert report.differences == []
    assert report.ok
    assert report.checks > 50
    assert report.as_dict() == {"ok": True, "checks": report.checks, "differences": []}


def delete(store: Store, table: str, condition: str) -> None:
    store.command(
        f"ALTER TABLE {table} DELETE WHERE {condition}",
        settings={"mutations_sync": 2},
    )


def test_one_lost_raw_row_is_named(filled: tuple[Store, LogFacts]) -> None:
    store, facts = filled
    delete(store, "events", "partition = 0 AND offset = 33")
    differences = run(store, facts).differences
    day = NOON.date() + timedelta(days=1)
    where = f"events, {TOPIC} partition 0, {day} name.1 (class default)"
    assert differences == [
        f"{where}, events: expected 4, found 3",
        f"{where}, values: expected 8, found 6",
    ]


@pytest.mark.parametrize("table", ROLLUPS)
def test_one_lost_rollup_row_is_named(filled: tuple[Store, LogFacts], table: str) -> None:
    store, facts = filled
    bucket, *_ = store.rows(f"SELECT min(bucket) FROM {table} WHERE name = 'name.1'")[0]
    delete(store, table, f"name = 'name.1' AND measurement = 'a' AND bucket = '{bucket:%F %T}'")
    differences = run(store, facts).differences
    assert differences
    start = f"{table}, {bucket:%Y-%m-%d} name.1 (class default), "
    assert all(text.startswith(start) for text in differences)


def test_one_lost_ledger_row_is_named(filled: tuple[Store, LogFacts]) -> None:
    store, facts = filled
    delete(store, "ingest_ledger", "partition = 0 AND first_offset = 0")
    differences = run(store, facts).differences
    where = f"ingest_ledger, {TOPIC} partition 0"
    assert differences[0] == (f"{where}, start of the range that ends at 60: expected 0, found 30")
    assert f"{where}, stored: expected 20, found 10" in differences


def test_a_ledger_that_does_not_reach_the_end_is_named(filled: tuple[Store, LogFacts]) -> None:
    store, facts = filled
    delete(store, "ingest_ledger", "partition = 1")
    differences = run(store, facts).differences
    assert f"ingest_ledger, {TOPIC} partition 1, end: expected 30, found 0" in differences


def test_one_lost_dead_letter_is_named(filled: tuple[Store, LogFacts]) -> None:
    store, facts = filled
    delete(store, "dead_letters", "partition = 1 AND offset = 4")
    differences = run(store, facts).differences
    assert differences == [
        f"dead_letters, {TOPIC} partition 1, rows: expected 10, found 9",
        f"dead_letters, {TOPIC} partition 1, rejected by the log: expected 10, found 9",
    ]


def test_rows_counted_twice_are_named(filled: tuple[Store, LogFacts]) -> None:
    store, facts = filled
    store.insert("events", events_batch(events(1)), "another token")
    tables = {text.split(",")[0] for text in run(store, facts).differences}
    assert tables == {"events", *ROLLUPS}


def test_a_changed_value_is_named(filled: tuple[Store, LogFacts]) -> None:
    store, facts = filled
    part = facts.partitions[0]
    piece, amount = next(iter(part.slices.items()))
    changed = {**part.slices, piece: replace(amount, total=amount.total * (1 + 1e-7))}
    facts = replace(facts, partitions=(replace(part, slices=changed), facts.partitions[1]))
    differences = run(store, facts).differences
    assert len(differences) == 5
    assert "expected the sum" in differences[0]


@pytest.mark.parametrize("start", [30, 40, 60], ids=["between ranges", "within one", "at the end"])
def test_a_log_that_has_forgotten_its_head(store: Store, start: int) -> None:
    rows = insert_range(store, 0, 0, 30) + insert_range(store, 0, 30, 60)
    kept = [row for row in rows if row.offset >= start]
    rejected = len(range(1, 60, 3)) - len(range(1, start, 3))
    part = facts_of(kept, 0, start, 60)
    part = replace(part, stored=len(kept), rejected=rejected)
    assert run(store, LogFacts({TOPIC: LOG}, (part,))).differences == []


def test_what_is_expired_is_not_compared(filled: tuple[Store, LogFacts]) -> None:
    store, facts = filled
    later = NOW + timedelta(days=31)
    for table in ("events", "rollup_1m", "rollup_5m"):
        delete(store, table, "1")
    assert run(store, facts, now=later).differences == []
    assert run(store, facts).differences != []


def test_a_day_is_compared_until_ten_minutes_before_it_expires(
    filled: tuple[Store, LogFacts],
) -> None:
    store, facts = filled
    delete(store, "rollup_1m", "1")
    last = DAY + timedelta(days=1)
    midnight = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=15)
    before = run(store, facts, now=midnight - timedelta(minutes=11)).differences
    assert {text.split()[0] for text in before} == {"rollup_1m,"}
    assert run(store, facts, now=midnight - timedelta(minutes=10)).differences == []


def test_rollups_of_a_day_that_only_they_remember_are_left_alone(store: Store) -> None:
    rows = insert_range(store, 0, 0, 30)
    delete(store, "events", "1")
    part = replace(facts_of(rows, 0, 30, 30), stored=0, rejected=0)
    later = NOW + timedelta(days=31)
    assert run(store, LogFacts({TOPIC: LOG}, (part,)), now=later).differences == []


def test_an_empty_topic_needs_no_ledger(store: Store) -> None:
    facts = LogFacts({TOPIC: LOG}, (PartitionFacts(TOPIC, 0, 0, 0, 0, 0, 0, 0, {}),))
    assert run(store, facts).ok


def test_other_topics_and_generations_are_taken_from_raw(filled: tuple[Store, LogFacts]) -> None:
    store, facts = filled
    others = [replace(row, log="older", offset=row.offset) for row in events(0)]
    others += [replace(row, topic="telemetry.millrace") for row in events(0)]
    store.insert("events", events_batch(others), "others")
    assert run(store, facts).differences == []
