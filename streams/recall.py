"""Reads a partition's recent ids back from the store, as they were in memory at an offset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from millrace.streams.duplicates import RecentIds

_PLACE = "log = {log:String} AND topic = {topic:String} AND partition = {partition:UInt32}"
# A redriven row was not there when its range was stored, so no memory has it either.
# The ids as bytes in the order of their text, in columns: a million of them in under a second.
_NEWEST = (
    "SELECT UUIDStringToNum(toString(id)) AS id, toUnixTimestamp64Milli(received_at) AS received"
    f" FROM events WHERE {_PLACE}"
    " AND offset < {before:UInt64}"
    " AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
    f" AND offset NOT IN (SELECT arrayJoin(redriven) FROM letter_jobs WHERE {_PLACE})"
    " ORDER BY offset DESC LIMIT {limit:UInt64}"
)


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
        {
            "log": past.log,
            "topic": past.topic,
            "partition": past.partition,
            "before": past.before,
            "since": past.since,
            "limit": recent.limit,
        },
    )
    if found.num_rows:
        oldest_first = found.take(np.arange(found.num_rows)[::-1])
        ids = pa.concat_arrays(oldest_first.column("id").chunks)
        recent.load(ids, oldest_first.column("received").to_numpy())
