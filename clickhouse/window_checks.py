"""The live windows of a minute against the stored events that must be in them.

What the windows of all partitions add up to is compared with rollup_1m first. Where that differs
the stored events decide, partition by partition, up to the offset that the windows have come to. So
workers may write meanwhile, and what was redriven later is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Report, Span, literal, same_total
from millrace.clickhouse.ledger import within
from millrace.clickhouse.retention import Retention
from millrace.clickhouse.rollup_checks import MARGIN
from millrace.clickhouse.slices import RAW, ROLLUPS

#: Tenant, name, measurement and the tags in order of their keys.
Series = tuple[str, str, str, tuple[tuple[str, str], ...]]

#: The windows that are compared, in seconds: as wide as the finest rollup's buckets.
WIDTH: Final = 60
#: So many windows of a partition are named, of the others it is said how many.
_NAMED: Final = 10
#: Rows of the rollup that are looked at together.
_AT_ONCE: Final = 50_000
#: For so long after the first windows some workers may not publish any yet.
_CHANGEOVER: Final = timedelta(hours=1)

_SIZES: Final = """
SELECT toUnixTimestamp(bucket), count() FROM rollup_1m
WHERE bucket >= toDateTime({first:UInt32}, 'UTC') AND bucket <= toDateTime({last:UInt32}, 'UTC')
GROUP BY bucket
"""

_ROLLUP: Final = """
SELECT part.tenant, part.name, part.measurement, part.tags, toUnixTimestamp(part.bucket),
    sum(part.count), sum(part.sum), min(part.min), max(part.max)
FROM rollup_1m AS part
WHERE part.bucket >= toDateTime({first:UInt32}, 'UTC')
    AND part.bucket <= toDateTime({last:UInt32}, 'UTC')
    AND toUnixTimestamp(part.bucket) IN {minutes:Array(UInt32)}
GROUP BY part.tenant, part.name, part.measurement, part.tags, part.bucket
"""

# Redriven letters never were in a window: when their range was stored they were refused.
_EVENTS: Final = """
SELECT part.partition, %(through)s, part.tenant, part.name, measurement, part.tags,
    toUnixTimestamp(toStartOfMinute(part.occurred_at)), count(), sum(value), min(value), max(value)
FROM (
    SELECT * FROM events
    WHERE %(within)s AND name IN {names:Array(String)}
        AND occurred_at >= toDateTime({first:UInt32}, 'UTC')
        AND occurred_at < toDateTime({last:UInt32}, 'UTC') + INTERVAL 1 MINUTE
        AND toUnixTimestamp(toStartOfMinute(occurred_at)) IN {minutes:Array(UInt32)}
        AND (partition, offset) NOT IN (
            SELECT partition, arrayJoin(redriven) FROM letter_jobs WHERE %(topic)s)
) AS part
ARRAY JOIN mapKeys(part.measurements) AS measurement, mapValues(part.measurements) AS value
GROUP BY ALL
"""


class Content(NamedTuple):
    """What is in a window; ``through`` is the offset below which all events are."""

    values: int
    total: float
    least: float
    most: float
    through: int = 0

    def plus(self, other: Content) -> Content:
        """Return what both hold."""
        return Content(
            self.values + other.values,
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
            max(self.through, other.through),
        )

    def agrees(self, other: Content | None) -> bool:
        """Tell whether another one holds the same values, wherever it ends."""
        return (
            other is not None
            and (self.values, self.least, self.most) == (other.values, other.least, other.most)
            and same_total(self.total, other.total, self.values * max(-self.least, self.most))
        )


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What telemetry.windows says of a partition of the events' topic.

    All stored events from ``first`` to ``through`` are in its windows; None says that the topic
    does not tell. ``windows`` holds them by start, in Unix seconds, and by series; for each minute
    in ``minutes`` they must be there if there are any events. ``whole`` is False where the broker
    may have forgotten some.
    """

    place: Place
    through: int | None = None
    first: int | None = None
    minutes: range = range(0)
    windows: Mapping[int, Mapping[Series, Content]] = field(default_factory=dict)
    whole: bool = True

    def must_have(self, minute: int) -> bool:
        """Tell whether the windows of a minute are known to be there if it has events."""
        return minute >= self.minutes.start and (minute in self.minutes or minute in self.windows)


def compare_progress(
    store: Store, report: Report, facts: Sequence[WindowFacts], ends: Mapping[Place, int]
) -> bool:
    """Check that the windows have come as far as the ledger had, which ``ends`` says.

    It must have been asked some time before the facts. Returns whether all have.
    """
    found = len(report.found)
    unpublished = None
    for one in facts:
        where = f"telemetry.windows, {one.place}, progress"
        if one.place not in ends:
            continue
        report.checks += 1
        if one.through is not None:
            if one.through < ends[one.place]:
                report.add(where, f"expected through {ends[one.place]}, found {one.through}")
        elif one.whole and any(one.windows.values()):
            report.add(where, "windows are there, the record that says how far they go is not")
        elif one.whole:
            if unpublished is None:
                unpublished = _unpublished(store, facts)
            if one.place in unpublished:
                report.add(where, "nothing is published of this partition, but of others")
    return found == len(report.found)


def compare_windows(
    store: Store, report: Report, facts: Sequence[WindowFacts], retention: Retention, now: datetime
) -> None:
    """Compare the windows of each minute; those of one topic, of one life of it."""
    told = [one for one in facts if one.first is not None and one.through is not None and one.whole]
    kept = _kept_since(retention, now)
    minutes = sorted(
        {
            minute
            for one in told
            for minute in (*one.minutes, *one.windows)
            if minute >= kept and one.must_have(minute)
        }
    )
    if minutes:
        comparison = _Comparison(store, report, told)
        for portion in _portions(store, minutes):
            comparison.run(portion)
        comparison.finish()


@dataclass(frozen=True)
class _Comparison:
    store: Store
    report: Report
    facts: Sequence[WindowFacts]
    differing: Counter[Place] = field(default_factory=Counter)

    def run(self, minutes: Sequence[int]) -> None:
        """Compare some minutes with the rollup, and where they differ with the events."""
        held: dict[tuple[int, Series], Content] = {}
        for one in self.facts:
            for minute in minutes:
                for series, content in one.windows.get(minute, {}).items():
                    known = held.get((minute, series))
                    held[minute, series] = content if known is None else known.plus(content)
        suspects: list[tuple[int, Series]] = []
        seen = 0
        for *names, tags, minute, count, total, least, most in self.store.rows(
            _ROLLUP, _bounds(minutes)
        ):
            key = minute, _series(names, tags)
            seen += 1
            if not Content(count, total, least, most).agrees(held.pop(key, None)):
                suspects.append(key)
        self.report.checks += seen + len(held)
        suspects += held
        if suspects:
            self._judge(suspects)

    def _judge(self, suspects: Collection[tuple[int, Series]]) -> None:
        """Compare windows with the events that they must hold."""
        minutes, names = {key[0] for key in suspects}, {key[1][1] for key in suspects}
        facts = [one for one in self.facts if any(map(one.must_have, minutes))]
        expected = _events(self.store, facts, sorted(minutes), sorted(names)) if facts else {}
        suspects = sorted(suspects)
        for one in facts:
            for minute, series in suspects:
                if one.must_have(minute):
                    found = one.windows.get(minute, {}).get(series)
                    below, beyond = expected.get((one.place.partition, minute, series), _NEITHER)
                    if found and one.through is not None and found.through > one.through:
                        # Of a range whose windows are being published.
                        below = below.plus(beyond) if below and beyond else below or beyond
                    self._compare(one.place, minute, series, below, found)

    def _compare(
        self,
        place: Place,
        minute: int,
        series: Series,
        expected: Content | None,
        found: Content | None,
    ) -> None:
        if found.agrees(expected) if found else not expected:
            return
        self.differing[place] += 1
        if self.differing[place] > _NAMED:
            return
        tenant, name, measurement, tags = series
        self.report.add(
            f"telemetry.windows, {place}, {name}, bucket"
            f" {datetime.fromtimestamp(minute, UTC):%Y-%m-%d %H:%M}, tenant {tenant},"
            f" measurement {measurement}, tags {dict(tags)}",
            f"events says {_text(expected)}, found {_text(found)}",
        )

    def finish(self) -> None:
        """Say how many more differ than were named."""
        for place, count in self.differing.items():
            if count > _NAMED:
                where = f"telemetry.windows, {place}, other windows"
                self.report.add(where, f"{count - _NAMED} more differ")


_Parts = tuple[Content | None, Content | None]
_NEITHER: Final[_Parts] = (None, None)


def _events(
    store: Store, facts: Sequence[WindowFacts], minutes: Sequence[int], names: Sequence[str]
) -> dict[tuple[int, int, Series], _Parts]:
    """Return what is stored by partition, minute and series: below ``through``, and beyond it."""
    whole, below = {}, {}
    for one in facts:
        first, through = one.first or 0, one.through or 0
        ends = (content.through for m in minutes for content in one.windows.get(m, {}).values())
        whole[one.place] = Span(one.place, first, max(through, *ends, 0))
        below[one.place] = Span(one.place, first, through)
    place = facts[0].place
    sql = _EVENTS % {
        "through": within(below, "part.offset"),
        "within": within(whole),
        "topic": f"log = {literal(place.log)} AND topic = {literal(place.topic)}",
    }
    found: dict[tuple[int, int, Series], _Parts] = {}
    for partition, complete, *labels, tags, minute, count, total, least, most in store.rows(
        sql, {**_bounds(minutes), "names": list(names)}
    ):
        key = partition, minute, _series(labels, tags)
        content = Content(count, total, least, most)
        known = found.get(key, _NEITHER)
        found[key] = (content, known[1]) if complete else (known[0], content)
    return found


def _portions(store: Store, minutes: Sequence[int]) -> Iterator[list[int]]:
    """Yield the minutes, so many at once as do not take too much room."""
    sizes = dict(store.rows(_SIZES, _bounds(minutes)))
    portion: list[int] = []
    rows = 0
    for minute in minutes:
        rows += sizes.get(minute, 0)
        if portion and rows > _AT_ONCE:
            yield portion
            portion, rows = [], sizes.get(minute, 0)
        portion.append(minute)
    yield portion


def _unpublished(store: Store, facts: Sequence[WindowFacts]) -> set[Place]:
    """Return the partitions that went on long after the first windows were begun."""
    begun = {
        one.place: Span(one.place, one.first, one.through)
        for one in facts
        if one.first is not None and one.through is not None
    }
    silent = [one.place for one in facts if one.through is None]
    if not begun:
        return set()
    ((count, start),) = store.rows(
        f"SELECT count(), min(flushed_at) FROM ingest_ledger WHERE {within(begun, 'first_offset')}"
    )
    if not count:
        return set()
    topic = f"log = {literal(silent[0].log)} AND topic = {literal(silent[0].topic)}"
    last = dict(
        store.rows(
            "SELECT partition, max(flushed_at) FROM ingest_ledger"
            f" WHERE {topic} AND stored > 0 GROUP BY partition"
        )
    )
    return {p for p in silent if p.partition in last and last[p.partition] > start + _CHANGEOVER}


def _kept_since(retention: Retention, now: datetime) -> int:
    """Return the Unix second from which on no class has been forgotten of what is compared."""
    # A day vanishes at midnight after so many whole days.
    days = min(days for table in (RAW, ROLLUPS[0]) for days in retention[table].values())
    kept = (now + MARGIN).astimezone(UTC).date() - timedelta(days=days)
    return int(datetime.combine(kept, time(), UTC).timestamp())


def _bounds(minutes: Sequence[int]) -> dict[str, object]:
    return {"first": minutes[0], "last": minutes[-1], "minutes": list(minutes)}


def _series(labels: Sequence[str], tags: Mapping[str, str]) -> Series:
    tenant, name, measurement = labels
    return tenant, name, measurement, tuple(sorted(tags.items()))


def _text(content: Content | None) -> str:
    if content is None:
        return "no values"
    return (
        f"{content.values} values, sum {content.total!r},"
        f" from {content.least!r} to {content.most!r}"
    )
