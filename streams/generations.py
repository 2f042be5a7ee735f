"""Log generations: which life of a topic the store's rows belong to.

A topic that is deleted and made anew starts again at offset 0; under the old generation its rows
would be taken for repeats and swallowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

import pyarrow as pa

from millrace.streams import recall
from millrace.streams.log_positions import ledger_ends

_NEWEST = (
    "SELECT log, topic_id, created_at FROM topic_logs WHERE topic = {topic:String}"
    " ORDER BY created_at DESC, topic_id DESC LIMIT 1"
)

#: A generation with its topic's id and when it was noted.
_Known = tuple[str, str, datetime]


class Tables(Protocol):
    """What is asked of the store."""

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block."""

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""


def current(store: recall.Tables, topic: str) -> str | None:
    """Return the newest generation of a topic's log, None when it has none yet."""
    known = _newest(store, topic)
    return known[0] if known else None


def made_anew(store: recall.Tables, topic: str) -> bool:
    """Tell whether a topic's log had another generation before today's."""
    sql = "SELECT uniqExact(log) FROM topic_logs WHERE topic = {topic:String}"
    ((lives,),) = store.rows(sql, {"topic": topic})
    return int(lives) > 1


def settle(store: Tables, topic: str, ends: Mapping[int, int], topic_id: str = "") -> str:
    """Return the generation of a topic's log, a new one when the log is not the ledger's.

    ``topic_id`` is Kafka's id of the topic, empty where the broker has none; then a log that ends
    before the ledger does gives a deleted topic away. ``ends`` is the end of each partition's log.
    Workers that settle at the same moment get the same answer.
    """
    known = _newest(store, topic)
    if known is None or _is_another(store, topic, known, ends, topic_id):
        # The token names what is replaced: of two workers' rows the store takes the first.
        token = f"{topic} after {known[0] if known else None}"
        _write(store, topic, uuid4().hex[:12], topic_id, _after(known), token)
    elif topic_id and not known[1]:
        token = f"{topic} {known[0]} is {topic_id}"
        _write(store, topic, known[0], topic_id, _after(known), token)
    settled = current(store, topic)
    if settled is None:
        raise RuntimeError(f"The store took a generation of topic {topic} and does not show it")
    return settled


def _newest(store: recall.Tables, topic: str) -> _Known | None:
    found = store.rows(_NEWEST, {"topic": topic})
    return (str(found[0][0]), str(found[0][1]), found[0][2]) if found else None


def _after(known: _Known | None) -> datetime:
    # The newest counts: a clock that is behind the last writer's must not bring the old one back.
    now = datetime.now(UTC)
    return max(now, known[2] + timedelta(milliseconds=1)) if known else now


def _is_another(
    store: Tables, topic: str, known: _Known, ends: Mapping[int, int], topic_id: str
) -> bool:
    log, known_id, _ = known
    if topic_id and known_id:
        return topic_id != known_id
    ledger = ledger_ends(store, log, topic)
    return any(end > ends.get(partition, 0) for partition, end in ledger.items())


def _write(
    store: Tables, topic: str, log: str, topic_id: str, created_at: datetime, token: str
) -> None:
    row = pa.RecordBatch.from_arrays(
        [
            pa.array([topic]),
            pa.array([log]),
            pa.array([topic_id]),
            pa.array([created_at], pa.timestamp("ms", "UTC")),
        ],
        names=["topic", "log", "topic_id", "created_at"],
    )
    store.insert("topic_logs", row, token)
