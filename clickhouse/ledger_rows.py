"""Raw rows and dead letters against the ledger: by partition, then by range where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Report, Span
from millrace.clickhouse.ledger import Entered, within

_RAW: Final = "SELECT log, topic, partition, count() FROM events WHERE %s GROUP BY 1, 2, 3"

_REDRIVEN: Final = """
SELECT log, topic, partition, uniqExact(offset) FROM letter_marks
WHERE mark = 'redriven' AND %s GROUP BY 1, 2, 3
"""

# A purged letter leaves a mark, before or after its row is gone.
_LETTERS: Final = """
SELECT log, topic, partition, uniqExact(offset), sum(rows) FROM (
    SELECT log, topic, partition, offset, 1 AS rows FROM dead_letters
    UNION ALL
    SELECT log, topic, partition, offset, 0 AS rows FROM letter_marks WHERE mark = 'purged')
WHERE %s GROUP BY 1, 2, 3
"""

# Offsets are put into ranges by the sorted ends of all ranges; a gap is a place of its own.
_BOUNDS: Final = """
(SELECT arraySort(arrayDistinct(arrayConcat(groupArray(first_offset), groupArray(end_offset))))
 FROM ingest_ledger WHERE {place} AND first_offset >= {first} AND first_offset < {end}) AS bounds
"""

_RANGES: Final = """
WITH {bounds}
SELECT ledger.first_offset, ledger.end_offset, ledger.stored, found.rows, found.unmarked
FROM (SELECT * FROM ingest_ledger
      WHERE {place} AND first_offset >= {first} AND first_offset < {end}) AS ledger
LEFT JOIN (
    SELECT roundDown(offset, bounds) AS start, countIf(NOT marked AND NOT letter) AS rows,
        minIf(offset + 1, letter AND NOT marked) AS unmarked
    FROM (
        SELECT offset,
            offset IN (SELECT offset FROM letter_marks
                       WHERE {place} AND mark = 'redriven') AS marked,
            offset IN (SELECT offset FROM dead_letters WHERE {place}) AS letter
        FROM events WHERE {span})
    GROUP BY start) AS found
ON ledger.first_offset = found.start
WHERE found.rows > ledger.stored OR found.unmarked > 0
    OR (found.rows < ledger.stored AND ledger.first_day >= toDate({kept:String}))
ORDER BY ledger.first_offset LIMIT 1
"""

_LETTER_RANGES: Final = """
WITH {bounds}
SELECT ledger.first_offset, ledger.end_offset, ledger.rejected, found.letters
FROM (SELECT * FROM ingest_ledger
      WHERE {place} AND first_offset >= {first} AND first_offset < {end}) AS ledger
LEFT JOIN (
    SELECT roundDown(offset, bounds) AS start, uniqExact(offset) AS letters
    FROM (SELECT offset FROM dead_letters WHERE {span}
          UNION ALL SELECT offset FROM letter_marks WHERE mark = 'purged' AND {span})
    GROUP BY start) AS found
ON ledger.first_offset = found.start
WHERE found.letters != ledger.rejected
ORDER BY ledger.first_offset LIMIT 1
"""

_TWICE: Final = """
SELECT offset, count() FROM {table} WHERE {span}
GROUP BY offset HAVING count() > 1 ORDER BY offset LIMIT 1
"""


def compare_rows(
    store: Store, report: Report, found: Sequence[Entered], spans: Mapping[Place, Span], kept: date
) -> None:
    """Check that raw holds what the ledger says was stored, and the letters redriven since.

    ``kept`` is the first day from which on raw has forgotten nothing. Ranges that touch an earlier
    day may have lost rows, never won any.
    """
    condition = within(spans)
    rows = _counts(store, _RAW % condition)
    redriven = _counts(store, _REDRIVEN % condition)
    for one in found:
        report.checks += 1
        place = one.span.place
        count, extra = rows.get(place, 0), redriven.get(place, 0)
        if count == one.stored + extra or _name_rows(store, report, one, kept):
            continue
        # No range by itself is at fault: rows lie where the ledger has a gap, or has one twice.
        if not one.stored - one.forgotten <= count <= one.stored + extra:
            where = f"events, {place}, offsets {one.first} to {one.span.end}"
            report.add(where, f"expected {one.stored + extra} rows, found {count}")


def _name_rows(store: Store, report: Report, one: Entered, kept: date) -> bool:
    ranges = store.rows(_sql(_RANGES, one.span), {"kept": kept.isoformat()})
    for first, end, stored, rows, unmarked in ranges:
        span = Span(one.span.place, int(first), int(end))
        where = f"events, {span.place}, range {first} to {end}"
        if rows != stored:
            report.add(
                where, f"expected {stored} rows, found {rows}{_twice(store, 'events', span)}", span
            )
        else:
            report.add(
                where,
                f"offset {unmarked - 1} is a dead letter and stored, without a mark that it was"
                " redriven: finish the job with millrace dead-letters redrive",
            )
    return bool(ranges)


def compare_letters(
    store: Store, report: Report, found: Sequence[Entered], spans: Mapping[Place, Span]
) -> None:
    """Check that every rejected record is a dead letter, or was one until it was purged."""
    kept = {
        one.span.place: Span(one.span.place, one.letters, one.span.end)
        for one in found
        if one.letters < one.span.end
    }
    rejected = _counts(
        store,
        "SELECT log, topic, partition, sum(rejected) FROM ingest_ledger "
        f"WHERE {within(kept, 'first_offset')} GROUP BY 1, 2, 3",
    )
    letters = {
        Place(*row[:3]): (int(row[3]), int(row[4])) for row in store.rows(_LETTERS % within(kept))
    }
    for place, span in kept.items():
        report.checks += 2
        distinct, rows = letters.get(place, (0, 0))
        if distinct != rejected.get(place, 0):
            _name_letters(store, report, span, rejected.get(place, 0), distinct)
        if rows > distinct:
            where = f"dead_letters, {span}"
            report.add(where, f"a letter is there twice{_twice(store, 'dead_letters', span)}")


def _name_letters(store: Store, report: Report, span: Span, rejected: int, letters: int) -> None:
    for first, end, expected, found in store.rows(_sql(_LETTER_RANGES, span)):
        part = Span(span.place, int(first), int(end))
        where = f"dead_letters, {span.place}, range {first} to {end}"
        report.add(where, f"expected {expected} letters, found {found}", part)
        return
    report.add(f"dead_letters, {span}", f"expected {rejected} letters, found {letters}")


def _counts(store: Store, sql: str) -> dict[Place, int]:
    return {Place(log, topic, part): int(count) for log, topic, part, count in store.rows(sql)}


def _sql(template: str, span: Span) -> str:
    parts = {"place": span.place.condition, "first": span.first, "end": span.end}
    bounds = _BOUNDS.format(**parts)
    # The store's own parameters have braces too.
    template = template.replace("{kept:String}", "{{kept:String}}")
    return template.format(**parts, span=span.condition, bounds=bounds)


def _twice(store: Store, table: str, span: Span) -> str:
    found = store.rows(_TWICE.format(table=table, span=span.condition))
    return f"; offset {found[0][0]} is there {found[0][1]} times" if found else ""
