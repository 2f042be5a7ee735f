"""How much each table holds, by day, class and name, and from there down to a series' bucket.

Raw is read after the rollup that it is compared with, and says which of its rows are complete: the
rollup must hold these and may hold the others. So workers may write meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Amount, Slice, same_total

RAW: Final = "events"
#: From the finest to the coarsest, each with what makes a time its bucket.
BUCKETS: Final[Mapping[str, str]] = {
    "rollup_1m": "toStartOfMinute",
    "rollup_5m": "toStartOfFiveMinutes",
    "rollup_1h": "toStartOfHour",
    "rollup_1d": "toStartOfDay",
}
ROLLUPS: Final = tuple(BUCKETS)
#: What a key is made of, from a slice down to a series' bucket; each depth adds to the one before.
DEPTHS: Final = (
    ("day", "retention_class", "name"),
    ("hour", "tenant", "measurement"),
    ("bucket",),
    ("labels",),
)
DEEPEST: Final = len(DEPTHS) - 1

Key = tuple[Any, ...]
_NONE: Final = Amount()


class Verdict(Enum):
    """What came of comparing two amounts."""

    SAME = 0
    #: Workers write to it; what is there is possible.
    MOVING = 1
    DIFFERENT = 2


@dataclass(frozen=True, slots=True)
class Held:
    """What a table holds of something; ``more`` is what is there but may not be everywhere yet."""

    amount: Amount = _NONE
    more: Amount = _NONE
    magnitude: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a table that is read: what is empty does not choose."""

    days: tuple[date, ...] = ()
    names: tuple[str, ...] = ()
    hours: tuple[datetime, ...] = ()
    buckets: tuple[datetime, ...] = ()


def slice_of(key: Key) -> Slice:
    """Return the slice that a key of any depth lies in."""
    return Slice(*key[:3])


def judge(expected: Held, found: Held) -> Verdict:
    """Compare what a rollup holds with what its source says."""
    low, more, held = expected.amount, expected.more, found.amount
    if more.events or more.values:
        possible = (
            low.events <= held.events <= low.events + more.events
            and low.values <= held.values <= low.values + more.values
        )
        return Verdict.MOVING if possible else Verdict.DIFFERENT
    same = (low.events, low.values) == (held.events, held.values) and same_total(
        low.total, held.total, max(expected.magnitude, found.magnitude)
    )
    return Verdict.SAME if same else Verdict.DIFFERENT


def read_rollup(store: Store, table: str, grain: str, depth: int, part: Part) -> dict[Key, Held]:
    """Return what a rollup holds by the keys of a depth, in the buckets of the rollup ``grain``."""
    return _held(
        store,
        f"SELECT {_keys(grain, 'part.bucket', depth)}, 1, "
        "sum(part.events), sum(part.count), sum(part.sum), "
        "sum(part.count * greatest(abs(part.min), abs(part.max))) "
        f"FROM {table} AS part WHERE {_condition(part, grain, 'part.bucket')} GROUP BY ALL",
        part,
    )


def read_raw(store: Store, grain: str, depth: int, part: Part, complete: str) -> dict[Key, Held]:
    """Return what raw holds by the keys of a depth, in the buckets of the rollup ``grain``.

    ``complete`` is SQL that is true for rows that every table has.
    """
    keys = _keys(grain, "part.occurred_at", depth)
    source = f"(SELECT * FROM {RAW} AS part WHERE {_condition(part, grain, 'part.occurred_at')})"
    if depth == 0:
        # Whole events: not one row a measurement, and without the magnitude, the rollup has it.
        return _held(
            store,
            f"SELECT {keys}, {complete}, count(), sum(length(part.measurements)), "
            f"sum(arraySum(mapValues(part.measurements))), 0 FROM {source} AS part GROUP BY ALL",
            part,
        )
    return _held(
        store,
        f"SELECT {keys}, {complete}, countIf(number = 1), count(), sum(value), sum(abs(value)) "
        f"FROM {source} AS part ARRAY JOIN mapKeys(part.measurements) AS measurement, "
        "mapValues(part.measurements) AS value, "
        "arrayEnumerate(mapKeys(part.measurements)) AS number GROUP BY ALL",
        part,
    )


def part_of(keys: Iterable[Key], depth: int) -> Part:
    """Return the part of the tables that holds these keys of a depth, and little more."""
    found = sorted(keys)
    # A coarse bucket holds many hours, but its keys are in the one that it begins in.
    return Part(
        days=tuple(sorted({key[0] for key in found})),
        names=tuple(sorted({key[2] for key in found})),
        hours=tuple(sorted({key[3] for key in found})) if depth > 0 else (),
        buckets=tuple(sorted({key[6] for key in found})) if depth > 1 else (),
    )


def _keys(grain: str, time: str, depth: int) -> str:
    bucket = f"{BUCKETS[grain]}({time})"
    known = {
        "day": f"toDate({time})",
        "hour": f"toStartOfHour({bucket})",
        "measurement": "measurement",
        "bucket": bucket,
        "labels": "toString(part.tags)",
    }
    names = [name for names in DEPTHS[: depth + 1] for name in names]
    return ", ".join(known.get(name, f"part.{name}") for name in names)


def _condition(part: Part, grain: str, time: str) -> str:
    bucket = f"{BUCKETS[grain]}({time})"
    conditions = ["1"]
    if part.days:
        days = ", ".join(f"toDate('{day}')" for day in part.days)
        conditions.append(f"toDate({time}) IN ({days})")
    if part.names:
        conditions.append("part.name IN {names:Array(String)}")
    if part.hours:
        conditions.append(f"toStartOfHour({bucket}) IN ({_moments(part.hours)})")
    if part.buckets:
        conditions.append(f"{bucket} IN ({_moments(part.buckets)})")
    return " AND ".join(conditions)


def _moments(found: Iterable[datetime]) -> str:
    return ", ".join(f"toDateTime({int(one.timestamp())}, 'UTC')" for one in found)


def _held(store: Store, sql: str, part: Part) -> dict[Key, Held]:
    held: dict[Key, Held] = {}
    for *key, whole, events, values, total, magnitude in store.rows(
        sql, {"names": list(part.names)}
    ):
        known = held.get(tuple(key), Held())
        amount = Amount(events, values, total)
        held[tuple(key)] = Held(
            known.amount + amount if whole else known.amount,
            known.more if whole else known.more + amount,
            known.magnitude + magnitude,
        )
    return held
