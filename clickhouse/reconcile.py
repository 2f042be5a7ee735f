"""Proves that the ledger, the raw events, the dead letters and every rollup agree with the log.

The log is what counts: nothing here trusts a worker's counters. Days that a table has forgotten by
its retention, or will within ten minutes, are not compared in that table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Amount, LogFacts, PartitionFacts, Report, Slice
from millrace.clickhouse.ledger import compare_ledger, uncovered_days
from millrace.clickhouse.retention import Retention, expiry
from millrace.schemas.errors import ConfigurationError

__all__ = ["Amount", "LogFacts", "PartitionFacts", "Report", "Slice", "reconcile"]

ROLLUPS: Final = ("rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")
_MARGIN: Final = timedelta(minutes=10)
_SAFE: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")

_AMOUNT: Final = (
    "count(), sum(length(measurements)), sum(arraySum(mapValues(measurements))), "
    "sum(arraySum(value -> abs(value), mapValues(measurements)))"
)


@dataclass(frozen=True, slots=True)
class _Found:
    amount: Amount
    magnitude: float


_NOTHING: Final = _Found(Amount(), 0.0)


def reconcile(store: Store, facts: LogFacts, *, retention: Retention, now: datetime) -> Report:
    """Compare the store with the log, which must not be written to meanwhile."""
    report = Report()
    for part in facts.partitions:
        log = facts.log[part.topic]
        compare_ledger(store, report, part, log, retention=retention, now=now)
        _compare_raw(store, report, part, log, retention=retention, now=now)
    _compare_rollups(store, report, facts, retention=retention, now=now)
    return report


def _compare_raw(
    store: Store,
    report: Report,
    part: PartitionFacts,
    log: str,
    *,
    retention: Retention,
    now: datetime,
) -> None:
    found = _raw(store, _covered(part, log))
    for piece in sorted(set(found) | set(part.slices)):
        if _expired(retention, "events", piece, now):
            continue
        where = f"events, {part.topic} partition {part.partition}, {_text(piece)}"
        _compare(report, where, part.slices.get(piece, Amount()), found.get(piece, _NOTHING))


def _compare_rollups(
    store: Store, report: Report, facts: LogFacts, *, retention: Retention, now: datetime
) -> None:
    expected: dict[Slice, Amount] = defaultdict(Amount)
    for part in facts.partitions:
        for piece, amount in part.slices.items():
            expected[piece] += amount
    # What the log has forgotten or never covered: raw says it, as long as raw remembers.
    conditions = [_covered(part, facts.log[part.topic]) for part in facts.partitions]
    outside = f"NOT ({' OR '.join(conditions)})" if conditions else "1"
    for piece, rest in _raw(store, outside).items():
        expected[piece] += rest.amount
    forgotten = uncovered_days(store, facts)
    for table in ROLLUPS:
        found = _rollup(store, table)
        for piece in sorted(set(found) | set(expected)):
            if _expired(retention, table, piece, now):
                continue
            if _expired(retention, "events", piece, now) and _within(piece.day, forgotten):
                continue
            where = f"{table}, {_text(piece)}"
            _compare(report, where, expected.get(piece, Amount()), found.get(piece, _NOTHING))


def _compare(report: Report, where: str, expected: Amount, found: _Found) -> None:
    report.compare(f"{where}, events", expected.events, found.amount.events)
    report.compare(f"{where}, values", expected.values, found.amount.values)
    if (expected.events, expected.values) == (found.amount.events, found.amount.values):
        report.compare_total(where, expected.total, found.amount.total, found.magnitude)


def _raw(store: Store, condition: str) -> dict[Slice, _Found]:
    return _slices(
        store.rows(
            f"SELECT toDate(occurred_at), retention_class, name, {_AMOUNT} FROM events "
            f"WHERE {condition} GROUP BY 1, 2, 3"
        )
    )


def _rollup(store: Store, table: str) -> dict[Slice, _Found]:
    return _slices(
        store.rows(
            "SELECT toDate(part.bucket), part.retention_class, part.name, sum(part.events), "
            "sum(part.count), sum(part.sum), "
            "sum(part.count * greatest(abs(part.min), abs(part.max))) "
            f"FROM {table} AS part GROUP BY 1, 2, 3"
        )
    )


def _slices(rows: Iterable[tuple[date, str, str, int, int, float, float]]) -> dict[Slice, _Found]:
    return {
        Slice(day, retention_class, name): _Found(Amount(events, values, total), magnitude)
        for day, retention_class, name, events, values, total, magnitude in rows
    }


def _covered(part: PartitionFacts, log: str) -> str:
    for text in (part.topic, log):
        if not _SAFE.fullmatch(text):
            raise ConfigurationError(f"{text!r} is not the name of a topic or of its log")
    return (
        f"(log = '{log}' AND topic = '{part.topic}' AND partition = {part.partition:d} "
        f"AND offset >= {part.start:d} AND offset < {part.end:d})"
    )


def _expired(
    retention: Mapping[str, Mapping[str, int]], table: str, piece: Slice, now: datetime
) -> bool:
    return expiry(retention, table, piece.retention_class, piece.day) <= now + _MARGIN


def _within(day: date, spans: Iterable[tuple[date, date]]) -> bool:
    return any(first <= day <= last for first, last in spans)


def _text(piece: Slice) -> str:
    return f"{piece.day} {piece.name} (class {piece.retention_class})"
