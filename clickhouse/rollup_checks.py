"""Each rollup against raw, and where raw has forgotten a day, against the finest that has not.

Slices of a day are compared first. Where one differs, or is being written to, its hours are, then
their buckets, then the series of these: what nobody is writing to is always compared exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Amount, Report, Slice
from millrace.clickhouse.ledger import ledger_spans, within
from millrace.clickhouse.retention import Retention, expiry
from millrace.clickhouse.slices import (
    DEEPEST,
    RAW,
    ROLLUPS,
    Held,
    Key,
    Part,
    Verdict,
    judge,
    part_of,
    read_raw,
    read_rollup,
    slice_of,
)

MARGIN: Final = timedelta(minutes=10)
_NOTHING: Final = Held()
#: So many differing slices of a table are named down to the bucket, the others by themselves.
_NAMED: Final = 10
#: So many buckets at once that are being written to are looked at; there are seldom more.
_WATCHED: Final = 200
#: Looks at what was being written to, and the seconds between them.
_LOOKS: Final = 4
_BETWEEN: Final = 0.4


@dataclass(frozen=True, slots=True)
class Rollups:
    """Compares the rollups of a store, or of some days of it, with their sources."""

    store: Store
    report: Report
    retention: Retention
    now: datetime
    sleep: Callable[[float], None]

    def compare(self, days: Collection[date] | None = None) -> None:
        """Compare every rollup; what differs is added to the report."""
        part = Part(days=tuple(sorted(days or ())))
        complete = self._complete()
        held = {table: read_rollup(self.store, table, table, 0, part) for table in ROLLUPS[::-1]}
        held[RAW] = read_raw(self.store, ROLLUPS[0], 0, part, complete)
        for table in ROLLUPS:
            for source, keys in self._sources(table, held).items():
                self._compare(table, source, keys, held[source], held[table])

    def _complete(self) -> str:
        # Asked before anything else is read: what the ledger has is everywhere from then on.
        return within(ledger_spans(self.store))

    def _sources(self, table: str, held: Mapping[str, Mapping[Key, Held]]) -> dict[str, list[Key]]:
        """Return what to compare a rollup with: by source, the keys that it still remembers."""
        finer = (RAW, *ROLLUPS[: ROLLUPS.index(table)])
        found: dict[str, list[Key]] = {}
        for key in sorted(set().union(held[table], *(held[source] for source in finer))):
            if not expired(self.retention, table, slice_of(key), self.now):
                kept = (s for s in finer if not expired(self.retention, s, slice_of(key), self.now))
                if source := next(kept, None):
                    found.setdefault(source, []).append(key)
        return found

    def _compare(
        self,
        table: str,
        source: str,
        keys: Collection[Key],
        expected: Mapping[Key, Held],
        found: Mapping[Key, Held],
    ) -> None:
        self.report.checks += len(keys)
        verdicts = _verdicts(keys, expected, found)
        wrong = [key for key in keys if verdicts[key] is Verdict.DIFFERENT]
        for key in wrong[_NAMED:]:
            self._add(table, source, key, expected.get(key, _NOTHING), found.get(key, _NOTHING))
        moving = [key for key in keys if verdicts[key] is Verdict.MOVING]
        if moving or wrong:
            self._descend(table, source, wrong[:_NAMED] + moving[-_WATCHED:], set(keys))

    def _descend(
        self, table: str, source: str, flagged: list[Key], slices: Collection[Key]
    ) -> None:
        for depth in range(1, DEEPEST + 1):
            part = part_of(flagged, depth - 1)
            if depth == DEEPEST:
                self._watch(table, source, part, slices)
                return
            expected, found = self._read(table, source, depth, part)
            keys = sorted(key for key in {*expected, *found} if key[:3] in slices)
            self.report.checks += len(keys)
            verdicts = _verdicts(keys, expected, found)
            moving = [key for key in keys if verdicts[key] is Verdict.MOVING]
            flagged = _firsts(keys, verdicts) + moving[-_WATCHED:]
            if not flagged:
                return

    def _watch(self, table: str, source: str, part: Part, slices: Collection[Key]) -> None:
        """Compare the series of some buckets, again and again where workers write to them."""
        for look in range(_LOOKS):
            if look:
                self.sleep(_BETWEEN)
            expected, found = self._read(table, source, DEEPEST, part)
            keys = sorted(key for key in {*expected, *found} if key[:3] in slices)
            self.report.checks += len(keys)
            verdicts = _verdicts(keys, expected, found)
            moving = [key for key in keys if verdicts[key] is Verdict.MOVING]
            firsts = _firsts(keys, verdicts)
            if firsts or not moving:
                break
            part = part_of(moving, DEEPEST - 1)
        self.report.moving += len(moving)
        for key in firsts:
            self._add(table, source, key, expected.get(key, _NOTHING), found.get(key, _NOTHING))

    def _read(
        self, table: str, source: str, depth: int, part: Part
    ) -> tuple[dict[Key, Held], dict[Key, Held]]:
        complete = self._complete()
        found = read_rollup(self.store, table, table, depth, part)
        if source == RAW:
            return read_raw(self.store, table, depth, part, complete), found
        return read_rollup(self.store, source, table, depth, part), found

    def _add(self, table: str, source: str, key: Key, expected: Held, found: Held) -> None:
        where = f"{table}, {slice_of(key)}"
        if len(key) > 3:
            _, tenant, measurement, bucket, labels = key[3:]
            where += (
                f", bucket {bucket:%Y-%m-%d %H:%M}, tenant {tenant}, measurement {measurement},"
                f" tags {labels}"
            )
        self.report.add(where, f"{source} says {_text(expected)}, found {_text(found)}")


def expired(retention: Retention, table: str, piece: Slice, now: datetime) -> bool:
    """Tell whether a table has forgotten a slice, or will within ten minutes."""
    return expiry(retention, table, piece.retention_class, piece.day) <= now + MARGIN


def _verdicts(
    keys: Collection[Key], expected: Mapping[Key, Held], found: Mapping[Key, Held]
) -> dict[Key, Verdict]:
    return {k: judge(expected.get(k, _NOTHING), found.get(k, _NOTHING)) for k in keys}


def _firsts(keys: Collection[Key], verdicts: Mapping[Key, Verdict]) -> list[Key]:
    """Return the first differing key of each slice: by time, then by name."""
    firsts: dict[Slice, Key] = {}
    for key in sorted(keys, key=lambda key: (key[3], key[6:7], key)):
        if verdicts[key] is Verdict.DIFFERENT:
            firsts.setdefault(slice_of(key), key)
    return list(firsts.values())


def _text(held: Held) -> str:
    amount: Amount = held.amount
    text = f"{amount.events} events, {amount.values} values, sum {amount.total!r}"
    if held.more.events:
        text += f" and up to {held.more.events} events more"
    return text
