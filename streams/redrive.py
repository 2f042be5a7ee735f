"""Redrive: dead letters that today's catalogue accepts are stored after all, once.

The original records are read again from Kafka and go through the same decoder and the same insert
as everything else, under their own coordinates. See letter_jobs for why none is counted twice.

A letter refused for a tag's value is stored when its partition knows the value by now, or has room
for it under today's budget. The values that a job brings are not written down as known, since what
workers knew at an offset must not change; so each job begins with the same room.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from millrace.clickhouse.probe import refused_rows
from millrace.streams import letter_jobs, letters
from millrace.streams.batch import STORE_PARTITIONS, EventBatch
from millrace.streams.decode import Decoder
from millrace.streams.letter_jobs import JobTaken, LetterJob
from millrace.streams.letter_records import select
from millrace.streams.letter_work import LetterWork, Records, judged
from millrace.streams.letters import Filters, Letter, Place, Tables
from millrace.streams.recall import values_end
from millrace.streams.record_batch import RecordBatch
from millrace.streams.settings import SinkSettings

#: Letters of one job, at most.
CHUNK: Final = 10_000
#: Ids in one query; its text stays below what the server parses.
_IDS: Final = 4_000
#: Rows that the store cannot take, at most; with more it is not the rows.
_UNSTORABLE: Final = 1_000


@dataclass
class Summary:
    """What became of the letters; ``refused`` by reason."""

    redriven: int = 0
    duplicate: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    gone: int = 0  # Kafka keeps their records no longer
    recreated: int = 0  # their topic was deleted and made anew, or is not one of ours
    repeated: int = 0  # jobs that somebody had left unfinished
    jobs: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {**vars(self), "refused": dict(sorted(self.refused.items()))}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a job would do with some letters, and where the next letters begin."""

    job: LetterJob
    records: RecordBatch
    refused: Counter[str]
    gone: int
    letters: int
    end: int


class Redrive:
    """One run over the letters that filters choose."""

    def __init__(
        self,
        store: Tables,
        work: LetterWork | None,
        *,
        records: Records,
        decoder: Decoder,
        current: Callable[[Place], bool],
        settings: SinkSettings,
        chunk: int = CHUNK,
    ) -> None:
        """Without ``work`` nothing is changed: the summary says what would be."""
        self._store, self._work = store, work
        self._records, self._decoder = records, decoder
        self._current = current
        self._settings = settings
        self._chunk = chunk

    def run(self, filters: Filters, limit: int | None = None) -> Summary:
        """Redrive the chosen letters, ``limit`` at most, after finishing what was left unfinished.

        Raises JobTaken or LeaseHeld when somebody else is at work; what was done until then stays.
        """
        summary = Summary()
        for job in self._work.repeat_open() if self._work else ():
            summary.repeated += 1
            summary.redriven += len(job.redriven)
            summary.duplicate += len(job.duplicate)
        left = limit
        for place, count in letters.places(self._store, filters, settled=False):
            if not self._current(place):
                summary.recreated += count
            elif left is None or left > 0:
                done = self._redrive(place, filters, left, summary)
                left = None if left is None else left - done
        return summary

    def _redrive(self, place: Place, filters: Filters, limit: int | None, summary: Summary) -> int:
        first, done = 0, 0
        while limit is None or done < limit:
            # Asked for before the letters are looked at: whoever acts in between takes the number.
            number = letter_jobs.next_number(self._store)
            if self._work and letter_jobs.open_jobs(self._store):
                raise JobTaken("Somebody else has begun to work on the dead letters: try again")
            most = self._chunk if limit is None else min(self._chunk, limit - done)
            found = letters.letters(
                self._store, place, filters, first=first, limit=most, settled=False
            )
            if not found:
                break
            plan = self._plan(number, place, self._affordable(found))
            job = plan.job
            if self._work and any(job.offsets(name) for name in letter_jobs.MARKS):
                self._work.do(job, plan.records)
                summary.jobs += 1
            summary.redriven += len(job.redriven)
            summary.duplicate += len(job.duplicate)
            summary.refused += plan.refused
            summary.gone += plan.gone
            first, done = plan.end, done + plan.letters
        return done

    def _affordable(self, found: Sequence[Letter]) -> Sequence[Letter]:
        """Return as many letters as memory is given for, at least one."""
        sizes = np.cumsum([letter.size for letter in found])
        return found[: max(1, int(np.searchsorted(sizes, self._settings.max_bytes, "right")))]

    def _plan(self, number: int, place: Place, found: Sequence[Letter]) -> _Plan:
        block = letter_jobs.blocks(self._store)
        records = self._originals(place, found)
        known = values_end(self._store, *place)
        batch = judged(self._store, self._decoder, records, place, known)
        end = found[-1].offset + 1
        cut = batch.cut_before(STORE_PARTITIONS)
        if cut is not None:
            end = cut
            records = records.until(cut)
            batch = judged(self._store, self._decoder, records, place, known)
        batch = self._storable(batch)
        fresh = self._fresh(place, batch)
        offsets = np.asarray(batch.rows.column("offset"), np.int64)
        fingerprint = self._decoder.catalogue.fingerprint
        # A letter is not marked again each time that somebody tries.
        unheard = {refusal.offset for refusal in batch.refusals} - letters.refused_by(
            self._store, place, fingerprint, (found[0].offset, end - 1)
        )
        job = letter_jobs.new_job(
            number,
            place,
            redriven=tuple(offsets[fresh].tolist()),
            duplicate=tuple(offsets[~fresh].tolist()),
            refused=tuple(sorted(unheard)),
            catalogue=fingerprint,
            block=block,
            values_end=known,
        )
        refused = Counter(refusal.reason for refusal in batch.refusals)
        tried = sum(letter.offset < end for letter in found)
        return _Plan(job, records, refused, tried - len(records), tried, end)

    def _storable(self, batch: EventBatch) -> EventBatch:
        """Refuse what the store itself could not take."""
        if self._work is None or not batch.stored:
            return batch
        places = refused_rows(self._store, "events", batch.rows, _UNSTORABLE)
        if not places:
            return batch
        return batch.refuse([batch.rows.column("offset")[place].as_py() for place in places])

    def _originals(self, place: Place, found: Sequence[Letter]) -> RecordBatch:
        records = self._records(place.topic, place.partition, [one.offset for one in found])
        received = {letter.offset: letter.received for letter in found}
        same = [
            int(offset)
            for offset, timestamp in zip(records.offsets, records.timestamps, strict=True)
            # Another life of the topic has other records at the same offsets.
            if received[int(offset)] == int(timestamp)
        ]
        return select(records, same)

    def _fresh(self, place: Place, batch: EventBatch) -> npt.NDArray[np.bool_]:
        """Tell which rows have an id that is stored nowhere near them in Kafka time."""
        mask = np.ones(batch.stored, np.bool_)
        if not self._settings.max_ids or not batch.stored:
            return mask
        window = int(self._settings.id_seconds * 1000)
        ids = [UUID(bytes=value) for value in batch.rows.column("id").to_pylist()]
        known = self._known(place, ids, batch, window)
        for row, (identity, timestamp) in enumerate(zip(ids, batch.timestamps, strict=True)):
            if any(abs(int(timestamp) - other) <= window for other in known[identity]):
                mask[row] = False
            else:
                known[identity].append(int(timestamp))
        return mask

    def _known(
        self, place: Place, ids: Sequence[UUID], batch: EventBatch, window: int
    ) -> defaultdict[UUID, list[int]]:
        known: defaultdict[UUID, list[int]] = defaultdict(list)
        for first in range(0, len(ids), _IDS):
            # UUIDs that are one by type; as parameters they would not fit into a request's line.
            listed = ",".join(f"'{identity}'" for identity in ids[first : first + _IDS])
            rows = self._store.rows(
                "SELECT id, toUnixTimestamp64Milli(received_at) FROM events"
                " WHERE log = {log:String} AND topic = {topic:String}"
                " AND partition = {partition:UInt32}"
                " AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
                " AND received_at <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')"
                f" AND id IN ({listed})",
                {
                    **place._asdict(),
                    "since": max(0, int(batch.timestamps.min()) - window),
                    "until": int(batch.timestamps.max()) + window,
                },
            )
            for identity, received in rows:
                known[identity].append(int(received))
        return known
