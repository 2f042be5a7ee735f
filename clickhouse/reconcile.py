"""Proves that the ledger, the raw events, the dead letters and every rollup agree with the log.

Two proofs. ``compare_store`` needs only the ends of the log: it compares aggregates, by partition
and by day, and goes down to ranges and buckets only where they differ. ``compare_log`` takes what
reading the log again gave and trusts no worker's count. Both may run while workers write. What a
table has forgotten by its retention, or will within ten minutes, is not compared there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import (
    Amount,
    LogFacts,
    PartitionFacts,
    Place,
    Report,
    Slice,
    Span,
    same_total,
)
from millrace.clickhouse.ledger import Entered, compare_shape, entered, ledger_spans, within
from millrace.clickhouse.ledger_rows import compare_letters, compare_rows
from millrace.clickhouse.retention import Retention, days_kept, expiry
from millrace.clickhouse.rollup_checks import MARGIN, Rollups, expired
from millrace.clickhouse.slices import RAW, ROLLUPS, Held, Part, read_rollup, slice_of

__all__ = [
    "Amount",
    "LogFacts",
    "PartitionFacts",
    "Report",
    "Slice",
    "compare_log",
    "compare_store",
]

#: Looks at whether what is on its way has arrived.
_LOOKS: Final = 3

_SLICES: Final = """
SELECT toDate(occurred_at), retention_class, name, count(), sum(length(measurements)),
    sum(arraySum(mapValues(measurements))),
    sum(arraySum(value -> abs(value), mapValues(measurements)))
FROM events WHERE %s GROUP BY 1, 2, 3
"""

_DAYS: Final = """
SELECT DISTINCT toDate(occurred_at) FROM events WHERE %s
UNION DISTINCT
SELECT arrayJoin([first_day, last_day]) FROM ingest_ledger WHERE stored > 0 AND %s
"""

_COUNTS: Final = """
SELECT sum(delivered), sum(stored), sum(rejected), sum(duplicate) FROM ingest_ledger
WHERE %s AND first_offset >= %d AND first_offset < %d
"""

#: What the log does not cover wholly; the days that it may have events of.
_UNCOVERED: Final = """
SELECT DISTINCT first_day, last_day FROM ingest_ledger WHERE stored > 0 AND NOT (%s)
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a comparison goes by. ``since`` leaves out ranges flushed, and days touched, before."""

    retention: Retention
    now: datetime
    since: datetime | None = None
    sleep: Callable[[float], None] = time.sleep


def compare_store(store: Store, log: Iterable[Span], terms: Terms) -> Report:
    """Compare what the store holds, given the offsets that the log held a moment before."""
    report = Report()
    spans = ledger_spans(store, terms.since)
    kept = _kept_since(store, RAW, terms)
    letters = _letters_since(terms)
    found = entered(store, spans, kept=kept, letters=letters)
    report.checks += sum(2 * one.ranges for one in found)
    report.gaps = sum(one.gaps for one in found)
    _compare_log_ends(report, log, spans, found)
    compare_shape(store, report, spans)
    compare_rows(store, report, found, spans, kept)
    compare_letters(store, report, found, spans)
    days = None
    if terms.since is not None:
        condition = within(spans), within(spans, "first_offset")
        days = [day for (day,) in store.rows(_DAYS % condition)]
        if not days:
            return report
    else:
        _compare_total(store, report, spans, terms)
    Rollups(store, report, terms.retention, terms.now, terms.sleep).compare(days)
    return report


def _compare_log_ends(
    report: Report, log: Iterable[Span], spans: Mapping[Place, Span], found: Sequence[Entered]
) -> None:
    begun = {one.span.place: one.first for one in found}
    for span in log:
        known = spans.get(span.place)
        if known is None:
            continue
        report.checks += 2
        where = f"ingest_ledger, {span.place}"
        if span.first > known.end:
            lost = Span(span.place, known.end, span.first)
            report.add(
                f"{where}, offsets {lost.first} to {lost.end}",
                f"{len(lost)} offsets are lost: Kafka deleted them before a worker stored them;"
                " give the topic a longer retention than any outage",
            )
        first = begun.get(span.place, known.first)
        if known.first == 0 and span.first < first:
            report.add(
                f"{where}, offsets {span.first} to {first}",
                "the log has them, the ledger begins after them",
                Span(span.place, span.first, first),
            )


def _compare_total(store: Store, report: Report, spans: Mapping[Place, Span], terms: Terms) -> None:
    """Compare all that was ever stored with the coarsest rollup, which remembers longest."""
    table = ROLLUPS[-1]
    kept = {"kept": _kept_since(store, table, terms)}
    ((held,),) = store.rows(
        "SELECT sum(events) FROM rollup_1d WHERE toDate(bucket) >= {kept:Date}", kept
    )
    below = within(spans, "first_offset")
    ((least,),) = store.rows(
        f"SELECT sum(stored) FROM ingest_ledger WHERE first_day >= {{kept:Date}} AND {below}", kept
    )
    report.checks += 1
    for look in range(_LOOKS):
        if look:
            terms.sleep(1.0)
        # Ranges that have entered the ledger since, or have not yet, and redriven letters.
        ((most,),) = store.rows(
            "SELECT sum(stored) FROM ingest_ledger WHERE last_day >= {kept:Date}", kept
        )
        ((more,),) = store.rows(f"SELECT count() FROM events WHERE NOT {within(spans)}")
        ((redriven,),) = store.rows("SELECT count() FROM letter_marks WHERE mark = 'redriven'")
        if least <= held <= most + more + redriven:
            return
        # Rows of a day that raw has forgotten are nowhere to be seen until their range is entered.
    report.add(f"{table}, all days", f"the ledger's ranges stored {least} events, found {held}")


def compare_log(store: Store, facts: LogFacts, terms: Terms) -> Report:
    """Compare the store with what reading some of the log again gave."""
    report = Report()
    for part in facts:
        if len(part.span):
            _compare_counts(store, report, part)
            _compare_raw(store, report, part, terms)
    _compare_forgotten(store, report, facts, terms)
    return report


def _compare_counts(store: Store, report: Report, part: PartitionFacts) -> None:
    span = part.span
    (counts,) = store.rows(_COUNTS % (span.place.condition, span.first, span.end))
    expected = (part.delivered, part.stored, part.rejected, part.duplicate)
    names = ("delivered", "stored", "rejected", "duplicate")
    for name, wanted, found in zip(names, expected, counts, strict=True):
        report.compare(f"ingest_ledger, {span}, {name}", wanted, int(found))


def _compare_raw(store: Store, report: Report, part: PartitionFacts, terms: Terms) -> None:
    found = {
        Slice(*row[:3]): (Amount(*row[3:6]), row[6])
        for row in store.rows(_SLICES % part.span.condition)
    }
    pieces = sorted({*found, *part.slices})
    kept = [one for one in pieces if not expired(terms.retention, RAW, one, terms.now)]
    if kept == pieces:
        ((offsets,),) = store.rows(f"SELECT sum(offset) FROM events WHERE {part.span.condition}")
        where = f"events, {part.span}, sum of the offsets"
        report.compare(where, part.offsets, int(offsets), span=part.span)
    for piece in kept:
        expected = part.slices.get(piece, Amount())
        amount, magnitude = found.get(piece, (Amount(), 0.0))
        where = f"events, {part.span.place}, {piece}"
        _compare(report, where, expected, amount, magnitude, part.span)


def _compare_forgotten(store: Store, report: Report, facts: LogFacts, terms: Terms) -> None:
    """Compare the rollups of days that raw has forgotten and the log has not."""
    expected: dict[Slice, Amount] = defaultdict(Amount)
    for part in facts:
        for piece, amount in part.slices.items():
            if expired(terms.retention, RAW, piece, terms.now):
                expected[piece] += amount
    if not expected:
        return
    covered = [
        f"{part.span.place.condition} AND first_offset >= {part.span.first} "
        f"AND first_offset < {part.span.end}"
        for part in facts
    ]
    others = store.rows(_UNCOVERED % " OR ".join(f"({one})" for one in covered))
    whole = [
        piece
        for piece in sorted(expected)
        if not any(first <= piece.day <= last for first, last in others)
    ]
    days = Part(days=tuple(sorted({piece.day for piece in whole})))
    for table in ROLLUPS if whole else ():
        held = {
            slice_of(key): one for key, one in read_rollup(store, table, table, 0, days).items()
        }
        for piece in whole:
            if not expired(terms.retention, table, piece, terms.now):
                one = held.get(piece, Held())
                _compare(
                    report,
                    f"{table}, {piece}, by the log",
                    expected[piece],
                    one.amount,
                    one.magnitude,
                )


def _compare(
    report: Report,
    where: str,
    expected: Amount,
    found: Amount,
    magnitude: float,
    span: Span | None = None,
) -> None:
    counts = report.compare(f"{where}, events", expected.events, found.events, span=span)
    counts &= report.compare(f"{where}, values", expected.values, found.values)
    if counts:
        report.checks += 1
        if not same_total(expected.total, found.total, magnitude):
            report.add(where, f"expected the sum {expected.total!r}, found {found.total!r}")


def _kept_since(store: Store, table: str, terms: Terms) -> date:
    """Return the first day from which on a table has forgotten nothing of any class."""
    rows = store.rows("SELECT DISTINCT toDate(bucket), retention_class FROM rollup_1d")
    gone: list[date] = [
        day for day, name in rows if expiry(terms.retention, table, name, day) <= terms.now + MARGIN
    ]
    # A class that even the coarsest rollup has forgotten is at least as old as that.
    longest = max(
        days_kept(terms.retention, table, name) for name in ("default", *terms.retention[table])
    )
    gone.append((terms.now + MARGIN).astimezone(UTC).date() - timedelta(days=1 + longest))
    return max(gone) + timedelta(days=1)


def _letters_since(terms: Terms) -> datetime:
    # A dead letter expires by the day it was received, which the ledger does not know; what was
    # flushed within half of the time kept was surely not received before all of it.
    return terms.now - timedelta(days=days_kept(terms.retention, "dead_letters", "default")) / 2
