"""A producer's repeated id, recognised within a partition's recent past.

An event is a duplicate when its id was stored for the same partition at most ``seconds`` of Kafka
time ago and among the last ``limit`` stored events. Both are measured from the event itself, so
the verdict does not depend on where a range was cut.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.streams.batch import EventBatch
from millrace.streams.record_batch import Integers

Ids = npt.NDArray[np.uint64]  # two columns: the halves of 128 bits
Folded = npt.NDArray[np.uint64]

#: Chunks are joined up to this share of the limit: many small flushes make few chunks.
_SHARE: Final = 4


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Ids that were stored one after another, with an index of their folded values."""

    first: int  # the number of its first event among all that were remembered
    ids: Ids
    timestamps: Integers
    folded: Folded  # sorted
    order: Integers  # where each folded value's id stands

    def holds(self, folded: Folded) -> npt.NDArray[np.bool_]:
        """Tell which folded values occur here; a true one may still be another id."""
        places = np.searchsorted(self.folded, folded)
        places[places == len(self.folded)] = 0
        return np.asarray(self.folded[places] == folded)

    def last(self, identity: Ids, folded: np.uint64) -> tuple[int, int] | None:
        """Return the number and the time of an id's last event here."""
        start = int(np.searchsorted(self.folded, folded, "left"))
        stop = int(np.searchsorted(self.folded, folded, "right"))
        places = [int(p) for p in self.order[start:stop] if (self.ids[p] == identity).all()]
        if not places:
            return None
        return self.first + max(places), int(self.timestamps[max(places)])


class RecentIds:
    """The ids stored last for one partition: about ``limit`` at most, 48 bytes each."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self._milliseconds = int(seconds * 1000)
        self._chunks: deque[_Chunk] = deque()
        self._next = 0

    def __len__(self) -> int:
        return sum(len(chunk.ids) for chunk in self._chunks)

    def fresh(self, batch: EventBatch) -> npt.NDArray[np.bool_]:
        """Tell which rows of a batch are no duplicates, without remembering them."""
        mask = np.ones(batch.stored, np.bool_)
        if not self.limit:
            return mask
        ids = _ids(batch.rows.column("id"))
        folded = _fold(ids)
        within: dict[bytes, tuple[int, int]] = {}  # id -> its number and time in this batch
        repeats = 0
        for place in map(int, np.flatnonzero(self._suspects(folded))):
            number = self._next + place - repeats
            timestamp = int(batch.timestamps[place])
            key = ids[place].tobytes()
            last = within.get(key) or self._last(ids[place], folded[place])
            if (
                last
                and number - last[0] <= self.limit
                and timestamp - last[1] <= self._milliseconds
            ):
                mask[place] = False
                repeats += 1
            else:
                within[key] = (number, timestamp)
        return mask

    def remember(self, batch: EventBatch) -> None:
        """Take in the rows of a batch that has been stored."""
        self.load(batch.rows.column("id"), batch.timestamps)

    def load(self, column: pa.Array, timestamps: Integers) -> None:
        """Take in ids (16 bytes each) that are already stored, oldest first."""
        if not self.limit or not len(column):
            return
        first, ids = self._next, _ids(column)
        self._next += len(ids)
        if self._chunks and _SHARE * (len(self._chunks[-1].ids) + len(ids)) <= self.limit:
            before = self._chunks.pop()
            first = before.first
            ids = np.concatenate([before.ids, ids])
            timestamps = np.concatenate([before.timestamps, timestamps])
        folded = _fold(ids)
        order = np.argsort(folded)
        self._chunks.append(_Chunk(first, ids, timestamps, folded[order], order))
        self._forget(int(timestamps[-1]) - self._milliseconds)

    def _suspects(self, folded: Folded) -> npt.NDArray[np.bool_]:
        """Tell which ids may have come before, in this batch or in an earlier one."""
        ordered = np.sort(folded)
        repeated = ordered[1:][ordered[1:] == ordered[:-1]]
        suspects = np.isin(folded, repeated) if len(repeated) else np.zeros(len(folded), np.bool_)
        for chunk in self._chunks:
            suspects |= chunk.holds(folded)
        return suspects

    def _last(self, identity: Ids, folded: np.uint64) -> tuple[int, int] | None:
        for chunk in reversed(self._chunks):
            found = chunk.last(identity, folded)
            if found:
                return found
        return None

    def _forget(self, before: int) -> None:
        oldest = self._next - self.limit
        while self._chunks:
            chunk = self._chunks[0]
            if chunk.first + len(chunk.ids) > oldest and int(chunk.timestamps.max()) >= before:
                return
            self._chunks.popleft()


def _ids(column: pa.Array) -> Ids:
    values = np.frombuffer(column.buffers()[1] or b"", np.uint64).reshape(-1, 2)
    return values[column.offset : column.offset + len(column)].copy()


def _fold(ids: Ids) -> Folded:
    return np.asarray(ids[:, 0] ^ ids[:, 1])
