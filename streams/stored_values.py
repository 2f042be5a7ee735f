"""Reads the values of stored events back: live values go on from where they were published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

from millrace.streams import columns
from millrace.streams.batch import EventBatch
from millrace.streams.measured import Values, values_of
from millrace.streams.recall import NOT_REDRIVEN, PLACE, Columns

#: Events in a chunk.
CHUNK: Final = 50_000

_ROWS: Final = (
    "SELECT offset, tenant, name, tags, mapKeys(measurements) AS keys,"
    " mapValues(measurements) AS numbers, toInt8(kind) AS kind,"
    " toUnixTimestamp64Micro(occurred_at) AS occurred_at,"
    " toUnixTimestamp64Milli(received_at) AS received"
    f" FROM events WHERE {PLACE}"
    " AND offset >= {first:UInt64} AND offset < {end:UInt64}"
    f" AND {NOT_REDRIVEN}"
    " ORDER BY offset LIMIT {chunk:UInt64}"
)


def stored_values(
    store: Columns, log: str, topic: str, partition: int, first: int, end: int, chunk: int = CHUNK
) -> Iterator[Values]:
    """Yield the values of a partition's stored events in [first, end), in offset order.

    A chunk has the values of at most ``chunk`` events; it is asked for when it is wanted, and that
    blocks. They are as they were when their ranges were stored, without events that were redriven
    later and without those that the store does not have any more: what was older than its
    retention vanished at the insert.
    """
    place: dict[str, Any] = {"log": log, "topic": topic, "partition": partition}
    while first < end:
        question = {**place, "first": first, "end": end, "chunk": chunk}
        found = store.arrow(_ROWS, question)
        if not found.num_rows:
            return
        first = int(found.column("offset")[-1].as_py()) + 1
        rows = _rows(found)
        received = np.asarray(found.column("received"), np.int64)
        yield values_of(
            EventBatch(log, topic, partition, question["first"], first, len(rows), rows, received)
        )
        if found.num_rows < chunk:
            return


def _rows(found: pa.Table) -> pa.RecordBatch:
    """Return what was read as far as a batch's values need it."""
    keys, numbers = (found.column(name).combine_chunks() for name in ("keys", "numbers"))
    measurements = columns.number_map(
        keys.flatten().cast(pa.string()).dictionary_encode(),
        np.asarray(numbers.flatten(), np.float64),
        np.asarray(keys.value_lengths(), np.int64),
    )
    chosen = found.select(["offset", "tenant", "name", "tags", "kind", "occurred_at"])
    return pa.RecordBatch.from_arrays(
        [*(column.combine_chunks() for column in chosen.columns), measurements],
        names=[*chosen.column_names, "measurements"],
    )
