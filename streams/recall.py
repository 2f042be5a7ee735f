"""Reads back what a partition knew at an offset: its recent ids and the values of its tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from millrace.streams.duplicates import RecentIds

#: The rows of a partition; what the parameters log, topic and partition say.
PLACE = "log = {log:String} AND topic = {topic:String} AND partition = {partition:UInt32}"
#: A redriven row was not there when its range was stored, so no memory has it either.
NOT_REDRIVEN = f"offset NOT IN (SELECT arrayJoin(redriven) FROM letter_jobs WHERE {PLACE})"
# The ids as bytes in the order of their text, in columns: a million of them in under a second.
_NEWEST = (
    "SELECT UUIDStringToNum(toString(id)) AS id, toUnixTimestamp64Milli(received_at) AS received"
    f" FROM events WHERE {PLACE}"
    " AND offset < {before:UInt64}"
    " AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
    f" AND {NOT_REDRIVEN}"
    " ORDER BY offset DESC LIMIT {limit:UInt64}"
)

_VALUES = (
    f"SELECT tenant, name, key, value FROM tag_values WHERE {PLACE} AND offset < {{before:UInt64}}"
)
# A range's values come in one block, ranges one after the other: no row is added below this.
_VALUES_END = f"SELECT if(count() = 0, 0, max(offset) + 1) FROM tag_values WHERE {PLACE}"


class Tables(Protocol):
    """What is asked of the store."""

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""


class Columns(Protocol):
    """What is asked of the store for ids."""

    def arrow(self, sql: str, parameters: dict[str, Any] | None = None) -> pa.Table:
        """Return all rows of a query as columns."""


@dataclass(frozen=True, slots=True)
class Past:
    """The rows of a partition below an offset, received since a Kafka time in milliseconds."""

    log: str
    topic: str
    partition: int
    before: int
    since: int = 0


def recall(store: Columns, past: Past, recent: RecentIds) -> None:
    """Load the newest ids of a partition's past, as many as ``recent`` keeps."""
    found = store.arrow(
        _NEWEST,
        {**_where(past), "since": past.since, "limit": recent.limit},
    )
    if found.num_rows:
        oldest_first = found.take(np.arange(found.num_rows)[::-1])
        ids = pa.concat_arrays(oldest_first.column("id").chunks)
        recent.load(ids, oldest_first.column("received").to_numpy())


def known_values(store: Tables, past: Past) -> Sequence[tuple[str, str, str, str]]:
    """Return the tag values that a partition's past has brought: tenant, name, key and value."""
    where = _where(past)
    return [(str(t), str(n), str(k), str(v)) for t, n, k, v in store.rows(_VALUES, where)]


def values_end(store: Tables, log: str, topic: str, partition: int) -> int:
    """Return the offset below which all tag values are that a partition has so far."""
    where = {"log": log, "topic": topic, "partition": partition}
    ((end,),) = store.rows(_VALUES_END, where)
    return int(end)


def _where(past: Past) -> dict[str, Any]:
    return {
        "log": past.log,
        "topic": past.topic,
        "partition": past.partition,
        "before": past.before,
    }
