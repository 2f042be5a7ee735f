"""The ledger by itself: every range follows the one before it, and adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Report, Span, literal

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ENDS: Final = """
SELECT log, topic, partition, max(end_offset),
    greatest(min(first_offset), maxIf(end_offset, flushed_at < {since:DateTime64(3, 'UTC')}))
FROM ingest_ledger GROUP BY 1, 2, 3
"""

_SUMS: Final = """
SELECT log, topic, partition, count(), min(first_offset), sum(stored), sum(rejected),
    sum(end_offset - first_offset - delivered),
    sumIf(stored, stored > 0 AND first_day < {kept:Date}),
    minIf(first_offset, flushed_at >= {letters:DateTime64(3, 'UTC')}),
    maxIf(end_offset, flushed_at < {letters:DateTime64(3, 'UTC')})
FROM ingest_ledger WHERE %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

_BREAKS: Final = """
SELECT log, topic, partition, previous, first_offset, end_offset FROM (
    SELECT log, topic, partition, first_offset, end_offset,
        lagInFrame(end_offset, 1, first_offset) OVER (
            PARTITION BY log, topic, partition ORDER BY first_offset, end_offset
            ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous
    FROM ingest_ledger)
WHERE first_offset != previous AND %s
ORDER BY log, topic, partition, first_offset, end_offset LIMIT 1 BY log, topic, partition
"""

_ODD: Final = """
SELECT log, topic, partition, first_offset, end_offset, delivered, stored, rejected, duplicate,
    length(refused)
FROM ingest_ledger
WHERE %s AND (
    first_offset >= end_offset OR delivered != stored + rejected + duplicate
    OR delivered > end_offset - first_offset OR length(refused) > rejected
    OR arrayExists(one -> one < first_offset OR one >= end_offset, refused))
ORDER BY log, topic, partition, first_offset LIMIT 1 BY log, topic, partition
"""


@dataclass(frozen=True, slots=True)
class Entered:
    """What the ledger says of one partition within a span that is being compared.

    ``first`` is where its ranges begin. ``forgotten`` of the stored rows are of ranges that touch
    a day which raw has forgotten at least in part. No dead letter from ``letters`` on can have
    been forgotten. At ``gaps`` offsets the log held no record.
    """

    span: Span
    ranges: int
    first: int
    stored: int
    rejected: int
    gaps: int
    forgotten: int
    letters: int


def ledger_spans(store: Store, since: datetime | None = None) -> dict[Place, Span]:
    """Return what the ledger covers of every partition that it knows, of ranges since a moment.

    Within these offsets everything is complete in every table: a range enters the ledger last.
    """
    spans = {}
    for *place, end, first in store.rows(_ENDS, {"since": since or _EPOCH}):
        one = Place(*place)
        spans[one] = Span(one, int(first) if since else 0, int(end))
    return spans


def within(spans: Mapping[Place, Span], column: str = "offset") -> str:
    """Return SQL that is true where a column of offsets lies within the span of its partition."""
    # One term a topic, however many partitions it has; beyond the array an element reads as 0.
    topics: dict[tuple[str, str], dict[int, Span]] = {}
    for place, span in spans.items():
        topics.setdefault((place.log, place.topic), {})[place.partition] = span
    terms = []
    for (log, topic), found in sorted(topics.items()):
        ends = [found[p].end if p in found else 0 for p in range(max(found) + 1)]
        firsts = [found[p].first if p in found else 0 for p in range(max(found) + 1)]
        term = f"log = {literal(log)} AND topic = {literal(topic)} AND {column} < {_element(ends)}"
        terms.append(f"{term} AND {column} >= {_element(firsts)}" if any(firsts) else term)
    return f"({' OR '.join(f'({term})' for term in terms)})" if terms else "(0)"


def _element(numbers: list[int]) -> str:
    return f"{numbers}[partition + 1]"


def entered(
    store: Store, spans: Mapping[Place, Span], *, kept: date, letters: datetime
) -> list[Entered]:
    """Sum the ledger up by partition, within the spans.

    ``kept`` is the first day from which on raw has forgotten nothing; ``letters`` the moment from
    which on no dead letter can have been forgotten.
    """
    sql = _SUMS % within(spans, "first_offset")
    found = []
    for row in store.rows(sql, {"kept": kept, "letters": letters}):
        place = Place(*row[:3])
        ranges, first, stored, rejected, gaps, forgotten, kept_from, gone_to = map(int, row[3:])
        # Clocks step: an older moment may stand in a later range.
        start = max(kept_from, gone_to) if kept_from or gone_to else first
        span = spans[place]
        found.append(Entered(span, ranges, first, stored, rejected, gaps, forgotten, start))
    return found


def compare_shape(store: Store, report: Report, spans: Mapping[Place, Span]) -> None:
    """Check that ranges are contiguous and that what was delivered became something."""
    condition = within(spans, "first_offset")
    for log, topic, partition, previous, first, end in store.rows(_BREAKS % condition):
        place = Place(log, topic, partition)
        where = f"ingest_ledger, {place}, range {first} to {end}"
        if first < previous:
            report.add(where, f"the range before it ends at {previous}: offsets were entered twice")
        else:
            gap = Span(place, int(previous), int(first))
            report.add(where, f"offsets {previous} to {first} before it are in no range", gap)
    for row in store.rows(_ODD % condition):
        report.add(*_odd(Place(*row[:3]), *map(int, row[3:])))


def _odd(
    place: Place,
    first: int,
    end: int,
    delivered: int,
    stored: int,
    rejected: int,
    duplicate: int,
    refused: int,
) -> tuple[str, str]:
    where = f"ingest_ledger, {place}, range {first} to {end}"
    if delivered != stored + rejected + duplicate:
        return where, (
            f"{delivered} records were delivered, but {stored} stored + {rejected} rejected + "
            f"{duplicate} duplicate make {stored + rejected + duplicate}"
        )
    if first >= end or delivered > end - first:
        return where, f"{delivered} records were delivered of {max(0, end - first)} offsets"
    return where, f"its {refused} refused offsets are not all among its {rejected} rejected ones"
