"""The dead letters as they lie in the store: which there are, and what became of them.

A letter is settled when it was redriven, was found to be a duplicate or was purged, and when a job
that may have stored it was given up. Only what is not settled is ever redriven.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

import pyarrow as pa

from millrace.schemas.errors import ConfigurationError

#: What is kept of a letter, in the order of the table.
COLUMNS: Final = (
    *("log", "topic", "partition", "offset", "received_at", "tenant", "namespace", "name"),
    *("reason", "field", "message", "payload", "size"),
)

_AGE: Final = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PAGE: Final = 10_000

# The values come as parameters: what a producer sent, or a user types, is never SQL.
_CHOSEN: Final = """
    {reason:String} IN ('', reason) AND {name:String} IN ('', name)
    AND {field:String} IN ('', field) AND {tenant:String} IN ('', tenant)
    AND {topic:String} IN ('', topic)
    AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
"""
# Of a letter that is marked as purged the deletion is only outstanding: it is there no more.
_KEPT: Final = """
    (log, topic, partition, offset) NOT IN (
        SELECT log, topic, partition, offset FROM letter_marks WHERE mark = 'purged')
"""
_UNSETTLED: Final = """
    (log, topic, partition, offset) NOT IN (
        SELECT log, topic, partition, offset FROM letter_marks WHERE mark != 'refused'
        UNION ALL
        SELECT log, topic, partition, arrayJoin(redriven)
        FROM letter_jobs WHERE state = 'abandoned')
"""
_GROUPS: Final = f"""
SELECT reason, namespace, name, field, toUInt64(count()) AS letters,
       min(received_at) AS first, max(received_at) AS last,
       argMax(concat(topic, '/', toString(partition), '/', toString(offset)), received_at) AS newest
FROM dead_letters
WHERE {_CHOSEN} AND %s
GROUP BY reason, namespace, name, field
ORDER BY letters DESC, reason, namespace, name, field
LIMIT {{limit:UInt32}}
"""
_EXPORT: Final = f"""
SELECT {", ".join(COLUMNS)} FROM dead_letters
WHERE {_CHOSEN} AND %s
  AND (log, topic, partition, offset) >
      ({{log:String}}, {{after:String}}, {{partition:UInt32}}, {{offset:Int128}})
ORDER BY log, topic, partition, offset LIMIT {_PAGE}
"""
_PLACES: Final = f"""
SELECT log, topic, partition, uniqExact(offset) FROM dead_letters WHERE {_CHOSEN} AND %s
GROUP BY log, topic, partition ORDER BY topic, log, partition
"""
_NEXT: Final = f"""
SELECT offset, min(toUnixTimestamp64Milli(received_at)), max(size) FROM dead_letters
WHERE log = {{log:String}} AND topic = {{at:String}} AND partition = {{partition:UInt32}}
  AND offset >= {{first:UInt64}} AND {_CHOSEN} AND %s
GROUP BY offset ORDER BY offset LIMIT {{limit:UInt32}}
"""


class Tables(Protocol):
    """What is asked of the store."""

    def command(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a statement that returns nothing."""

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block, once a token."""

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which letters are meant; what is empty does not choose."""

    reason: str = ""
    name: str = ""
    field: str = ""
    tenant: str = ""
    topic: str = ""
    since: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """Return them as a query's parameters."""
        return {
            "reason": self.reason,
            "name": self.name,
            "field": self.field,
            "tenant": self.tenant,
            "topic": self.topic,
            "since": int(self.since.timestamp() * 1000) if self.since else 0,
        }


class Place(NamedTuple):
    """A partition of one life of a topic."""

    log: str
    topic: str
    partition: int


class Letter(NamedTuple):
    """Where a letter's record lies, when Kafka took it in (milliseconds) and its bytes."""

    offset: int
    received: int
    size: int


def groups(store: Tables, filters: Filters, *, limit: int, settled: bool) -> list[tuple[Any, ...]]:
    """Return the letters counted by reason, namespace, name and field, most frequent first."""
    sql = _GROUPS % (_KEPT if settled else _UNSETTLED)
    return store.rows(sql, {**filters.parameters(), "limit": limit})


def export(store: Tables, filters: Filters, *, settled: bool) -> Iterator[tuple[Any, ...]]:
    """Yield the letters as they are kept, in the order of their coordinates."""
    sql = _EXPORT % (_KEPT if settled else _UNSETTLED)
    after = Place("", "", 0)
    offset = -1
    while True:
        position = {"log": after.log, "after": after.topic, "partition": after.partition}
        page = store.rows(sql, {**filters.parameters(), **position, "offset": offset})
        yield from page
        if len(page) < _PAGE:
            return
        after, offset = Place(*page[-1][:3]), page[-1][3]


def places(store: Tables, filters: Filters, *, settled: bool) -> list[tuple[Place, int]]:
    """Return how many letters each partition has."""
    sql = _PLACES % (_KEPT if settled else _UNSETTLED)
    return [(Place(*row[:3]), int(row[3])) for row in store.rows(sql, filters.parameters())]


def letters(
    store: Tables, place: Place, filters: Filters, *, first: int, limit: int, settled: bool
) -> list[Letter]:
    """Return a partition's first letters from an offset on, in offset order."""
    where = {"log": place.log, "at": place.topic, "partition": place.partition, "first": first}
    sql = _NEXT % (_KEPT if settled else _UNSETTLED)
    found = store.rows(sql, {**filters.parameters(), **where, "limit": limit})
    return [Letter(*map(int, row)) for row in found]


def marks(store: Tables, place: Place, offset: int) -> list[tuple[str, str, str, datetime]]:
    """Return a letter's marks, oldest first: mark, job, catalogue and time."""
    return [
        (str(mark), str(job), str(catalogue), at)
        for mark, job, catalogue, at in store.rows(
            "SELECT mark, job, catalogue, at FROM letter_marks WHERE log = {log:String}"
            " AND topic = {topic:String} AND partition = {partition:UInt32}"
            " AND offset = {offset:UInt64} ORDER BY at, job",
            {**place._asdict(), "offset": offset},
        )
    ]


def refused_by(store: Tables, place: Place, catalogue: str, between: Sequence[int]) -> set[int]:
    """Return which offsets from the first to the last given this catalogue has refused before."""
    found = store.rows(
        "SELECT DISTINCT offset FROM letter_marks WHERE log = {log:String}"
        " AND topic = {topic:String} AND partition = {partition:UInt32}"
        " AND offset >= {first:UInt64} AND offset <= {last:UInt64}"
        " AND mark = 'refused' AND catalogue = {catalogue:String}",
        {
            **place._asdict(),
            "first": between[0],
            "last": between[-1],
            "catalogue": catalogue,
        },
    )
    return {int(offset) for (offset,) in found}


def since(text: str, now: datetime) -> datetime | None:
    """Return the moment that a user means by an age (90s, 30m, 12h, 7d) or an RFC 3339 time."""
    if not text:
        return None
    age = _AGE.fullmatch(text)
    try:
        if age:
            return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"{text!r} is not a time: write an age such as 30m, 12h or 7d, or 2026-11-20T12:00:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
