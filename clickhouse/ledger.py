"""Compares the ledger's ranges and the dead letters of one partition with its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import LogFacts, PartitionFacts, Report
from millrace.clickhouse.retention import Retention, days_kept


@dataclass(frozen=True, slots=True)
class Range:
    """One row of the ledger: what became of the offsets ``first`` to ``end``, exclusive."""

    first: int
    end: int
    delivered: int
    stored: int
    rejected: int
    duplicate: int
    flushed_at: datetime


def compare_ledger(
    store: Store,
    report: Report,
    part: PartitionFacts,
    log: str,
    *,
    retention: Retention,
    now: datetime,
) -> None:
    """Check that the ranges are contiguous, add up to the log's counts and match dead letters."""
    ranges = _ranges(store, part, log)
    where = f"ingest_ledger, {part.topic} partition {part.partition}"
    if part.start == part.end and not ranges:
        return
    _compare_shape(report, where, part, ranges)
    _compare_counts(store, report, where, part, log, ranges)
    _compare_dead_letters(store, report, part, log, ranges, retention=retention, now=now)


def uncovered_days(store: Store, facts: LogFacts) -> list[tuple[date, date]]:
    """Return the event days of ranges that the facts do not cover, at least not wholly."""
    starts = {(facts.log[p.topic], p.topic, p.partition): p.start for p in facts.partitions}
    rows = store.rows(
        "SELECT log, topic, partition, max(end_offset), min(first_offset), first_day, last_day "
        "FROM ingest_ledger WHERE stored > 0 "
        "GROUP BY log, topic, partition, first_offset, first_day, last_day"
    )
    return [
        (first_day, last_day)
        for log, topic, partition, _, first, first_day, last_day in rows
        if first < starts.get((log, topic, partition), first + 1)
    ]


def _ranges(store: Store, part: PartitionFacts, log: str) -> list[Range]:
    rows = store.rows(
        "SELECT first_offset, end_offset, delivered, stored, rejected, duplicate, flushed_at "
        "FROM ingest_ledger WHERE log = {log:String} AND topic = {topic:String} "
        # A worker may have gone on since the log was read.
        "AND partition = {partition:UInt32} AND first_offset < {end:UInt64} "
        "ORDER BY first_offset, end_offset",
        {"log": log, "topic": part.topic, "partition": part.partition, "end": part.end},
    )
    return [Range(*row) for row in rows]


def _compare_shape(
    report: Report, where: str, part: PartitionFacts, ranges: Sequence[Range]
) -> None:
    position = min(ranges[0].first, part.start) if ranges else part.start
    for one in ranges:
        report.compare(f"{where}, start of the range that ends at {one.end}", position, one.first)
        outcome = one.stored + one.rejected + one.duplicate
        report.compare(f"{where}, outcome of {one.first} to {one.end}", one.delivered, outcome)
        position = one.end
    report.compare(f"{where}, end", part.end, position)


def _compare_counts(
    store: Store,
    report: Report,
    where: str,
    part: PartitionFacts,
    log: str,
    ranges: Sequence[Range],
) -> None:
    covered = [one for one in ranges if one.end > part.start]
    stored = sum(one.stored for one in covered)
    rejected = sum(one.rejected for one in covered)
    if covered and covered[0].first < part.start:
        # The log forgot the head of this range: what it held is what raw and dead letters say.
        head = (covered[0].first, part.start)
        stored -= _count(store, "events", part, log, *head)
        rejected -= _count(store, "dead_letters", part, log, *head)
    else:
        report.compare(f"{where}, delivered", part.delivered, sum(r.delivered for r in covered))
        report.compare(f"{where}, duplicate", part.duplicate, sum(r.duplicate for r in covered))
    report.compare(f"{where}, stored", part.stored, stored)
    report.compare(f"{where}, rejected", part.rejected, rejected)


def _compare_dead_letters(
    store: Store,
    report: Report,
    part: PartitionFacts,
    log: str,
    ranges: Sequence[Range],
    *,
    retention: Retention,
    now: datetime,
) -> None:
    # A dead letter expires by the day it was received, which the ledger does not know; what was
    # flushed within half of the time kept was surely not received before all of it.
    oldest = now - timedelta(days=days_kept(retention, "dead_letters", "default")) / 2
    kept = [r for r in ranges if r.flushed_at >= oldest and r.first >= part.start]
    where = f"dead_letters, {part.topic} partition {part.partition}"
    if kept:
        found = _count(store, "dead_letters", part, log, kept[0].first, part.end)
        report.compare(f"{where}, rows", sum(one.rejected for one in kept), found)
        if kept[0].first == part.start:
            report.compare(f"{where}, rejected by the log", part.rejected, found)


def _count(store: Store, table: str, part: PartitionFacts, log: str, first: int, end: int) -> int:
    ((count,),) = store.rows(
        f"SELECT count() FROM {table} WHERE log = {{log:String}} AND topic = {{topic:String}} "
        "AND partition = {partition:UInt32} AND offset >= {first:UInt64} AND offset < {end:UInt64}",
        {
            "log": log,
            "topic": part.topic,
            "partition": part.partition,
            "first": first,
            "end": end,
        },
    )
    return int(count)
