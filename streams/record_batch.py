"""What the transport hands on: one partition's records in offset order, still as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

#: Kafka timestamps outside 1970 to 2100 are taken as its nearest end: the store keeps no others.
LATEST_TIMESTAMP = 4_102_444_800_000


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """The records of one partition between two positions.

    ``first`` and ``end`` are positions: the batch holds every record whose offset is in
    [first, end), which may be fewer than ``end - first`` where the log has gaps (compaction,
    transactions). ``timestamps`` are the records' Kafka times in milliseconds.
    """

    topic: str
    partition: int
    first: int
    end: int
    offsets: Integers
    timestamps: Integers
    values: Sequence[bytes | None]

    def __len__(self) -> int:
        return len(self.values)

    def until(self, end: int) -> RecordBatch:
        """Return the part before position ``end``."""
        return self._part(self.first, end, 0, int(np.searchsorted(self.offsets, end)))

    def since(self, first: int) -> RecordBatch:
        """Return the part from position ``first`` on."""
        start = int(np.searchsorted(self.offsets, first))
        return self._part(first, self.end, start, len(self.values))

    def _part(self, first: int, end: int, start: int, stop: int) -> RecordBatch:
        return RecordBatch(
            self.topic,
            self.partition,
            first,
            end,
            self.offsets[start:stop],
            self.timestamps[start:stop],
            self.values[start:stop],
        )


def record_batch(
    topic: str,
    partition: int,
    first: int,
    offsets: Sequence[int],
    timestamps: Sequence[int],
    values: Sequence[bytes | None],
) -> RecordBatch:
    """Return a batch that starts at position ``first`` and ends after its last record."""
    return RecordBatch(
        topic,
        partition,
        first,
        offsets[-1] + 1 if offsets else first,
        np.array(offsets, np.int64),
        np.clip(np.array(timestamps, np.int64), 0, LATEST_TIMESTAMP),
        values,
    )


def join(batches: Sequence[RecordBatch]) -> RecordBatch:
    """Return adjacent batches of one partition as one."""
    if len(batches) == 1:
        return batches[0]
    head = batches[0]
    return RecordBatch(
        head.topic,
        head.partition,
        head.first,
        batches[-1].end,
        np.concatenate([batch.offsets for batch in batches]),
        np.concatenate([batch.timestamps for batch in batches]),
        [value for batch in batches for value in batch.values],
    )
