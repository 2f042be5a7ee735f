"""Log generations: which life of a topic the store's rows belong to.

A topic that is deleted and made anew starts again at offset 0; under the old generation its rows
would be taken for repeats and swallowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

import pyarrow as pa

from millrace.streams import recall
from millrace.streams.log_positions import ledger_ends

_NEWEST = "SELECT log FROM topic_logs WHERE topic = {topic:String} ORDER BY created_at DESC LIMIT 1"


class Tables(Protocol):
    """What is asked of the store."""

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block."""

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""


def current(store: recall.Tables, topic: str) -> str | None:
    """Return the newest generation of a topic's log, None when it has none yet."""
    found = store.rows(_NEWEST, {"topic": topic})
    return str(found[0][0]) if found else None


def settle(store: Tables, topic: str, ends: Mapping[int, int]) -> str:
    """Return the generation of a topic's log, a new one when the log is not the ledger's.

    ``ends`` is the end of each partition's log. A ledger that reaches beyond it belongs to a topic
    that has since been deleted. Workers that settle at the same moment get the same answer.
    """
    known = current(store, topic)
    if known is not None and not _outlived(store, topic, known, ends):
        return known
    row = pa.RecordBatch.from_arrays(
        [
            pa.array([topic]),
            pa.array([uuid4().hex[:12]]),
            pa.array([datetime.now(UTC)], pa.timestamp("ms", "UTC")),
        ],
        names=["topic", "log", "created_at"],
    )
    # The token names what is replaced: of two workers' rows the store takes the first.
    store.insert("topic_logs", row, f"{topic} after {known}")
    settled = current(store, topic)
    if settled is None:
        raise RuntimeError(f"The store took a generation of topic {topic} and does not show it")
    return settled


def _outlived(store: Tables, topic: str, log: str, ends: Mapping[int, int]) -> bool:
    ledger = ledger_ends(store, log, topic)
    return any(end > ends.get(partition, 0) for partition, end in ledger.items())
