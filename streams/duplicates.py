"""A producer's repeated id, recognised within a partition's recent past.

An event is a duplicate when its id was stored for the same partition at most ``seconds`` of Kafka
time ago and among the last ``limit`` stored events. Both are measured from the event itself, so
the verdict does not depend on where a range was cut.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from millrace.streams.batch import EventBatch
from millrace.streams.record_batch import Integers


@dataclass(frozen=True, slots=True)
class _Chunk:
    first: int  # the number of its first event among all that were remembered
    ids: Sequence[bytes]
    timestamps: Integers


class RecentIds:
    """The ids stored last for one partition; at most about twice ``limit`` are held."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self._milliseconds = int(seconds * 1000)
        self._numbers: dict[bytes, int] = {}
        self._chunks: deque[_Chunk] = deque()
        self._next = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def fresh(self, batch: EventBatch) -> npt.NDArray[np.bool_]:
        """Tell which rows of a batch are no duplicates, without remembering them."""
        mask = np.ones(batch.stored, np.bool_)
        if not self.limit:
            return mask
        ids = _ids(batch)
        if len(set(ids)) == len(ids) and self._numbers.keys().isdisjoint(ids):
            return mask
        within: dict[bytes, tuple[int, int]] = {}  # id -> its number and time in this batch
        number = self._next
        for place, identity in enumerate(ids):
            timestamp = int(batch.timestamps[place])
            last = within.get(identity) or self._last(identity)
            if (
                last
                and number - last[0] <= self.limit
                and timestamp - last[1] <= self._milliseconds
            ):
                mask[place] = False
                continue
            within[identity] = (number, timestamp)
            number += 1
        return mask

    def remember(self, batch: EventBatch) -> None:
        """Take in the rows of a batch that has been stored."""
        if self.limit and batch.stored:
            self.load(_ids(batch), batch.timestamps)

    def load(self, ids: Sequence[bytes], timestamps: Integers) -> None:
        """Take in ids that are already stored, oldest first."""
        self._chunks.append(_Chunk(self._next, ids, timestamps))
        self._numbers.update(zip(ids, range(self._next, self._next + len(ids)), strict=True))
        self._next += len(ids)
        self._forget(int(timestamps[-1]) - self._milliseconds if len(ids) else 0)

    def _last(self, identity: bytes) -> tuple[int, int] | None:
        number = self._numbers.get(identity)
        if number is None:
            return None
        place = bisect_right(self._chunks, number, key=lambda chunk: chunk.first) - 1
        chunk = self._chunks[place]
        return number, int(chunk.timestamps[number - chunk.first])

    def _forget(self, before: int) -> None:
        oldest = self._next - self.limit
        while self._chunks:
            chunk = self._chunks[0]
            end = chunk.first + len(chunk.ids)
            if end > oldest and (not len(chunk.ids) or int(chunk.timestamps.max()) >= before):
                return
            self._chunks.popleft()
            for identity in chunk.ids:
                if self._numbers.get(identity, end) < end:
                    del self._numbers[identity]


def _ids(batch: EventBatch) -> list[bytes]:
    column = batch.rows.column("id")
    raw = column.buffers()[1].to_pybytes() if batch.stored else b""
    start = column.offset * 16
    return [raw[at : at + 16] for at in range(start, start + 16 * batch.stored, 16)]
