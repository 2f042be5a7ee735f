"""Carries out jobs on dead letters, and repeats those that somebody left unfinished.

The job is written down before anything else happens; then come the rows, the marks, the deletion
and the job's end, in this order. A repeat does the same again with the same tokens. Where it cannot
be sure to do the very same it gives the job up rather than count an event twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from millrace.schemas.errors import StoreError
from millrace.streams import letter_jobs
from millrace.streams.batch import EventBatch
from millrace.streams.budgets import Budgets
from millrace.streams.decode import Decoder
from millrace.streams.letter_jobs import LetterJob
from millrace.streams.letter_records import select
from millrace.streams.letters import Place, Tables
from millrace.streams.recall import Past, known_values
from millrace.streams.record_batch import RecordBatch

logger = logging.getLogger(__name__)

#: Gives those records of a topic's partition, at these offsets, that Kafka still keeps.
Records = Callable[[str, int, Sequence[int]], RecordBatch]

#: A token is known for 100,000 parts of a table; with so many inserts since, a repeat is still
#: safe where a replicated table numbers the parts of each partition on their own.
SAFE_BLOCKS: Final = 20_000

#: The server's codes for rows that it cannot take; then nothing of the insert was stored.
UNSTORABLE: Final = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        117,  # INCORRECT_DATA
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        469,  # VIOLATED_CONSTRAINT
    }
)


def judged(
    store: Tables, decoder: Decoder, records: RecordBatch, place: Place, values_end: int
) -> EventBatch:
    """Return what letters come to by the tag values that their partition had below an offset."""
    budgets = Budgets()
    budgets.load(known_values(store, Past(*place, before=values_end)))
    batch = decoder.decode(records, place.log)
    return budgets.judge(batch, records, decoder.catalogue)


class LetterWork:
    """Carries out one job after the other; one holder of the lease at a time does."""

    def __init__(
        self,
        store: Tables,
        *,
        records: Records,
        decoder_of: Callable[[str], Decoder],
        current: Callable[[Place], bool],
        renew: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._records = records
        self._decoder_of = decoder_of
        self._current = current
        self._renew = renew
        self._now = now

    def repeat_open(self) -> list[LetterJob]:
        """Finish what was left unfinished, oldest first; returns those jobs.

        Of a job that had to be given up the answer's ``redriven`` is what had been stored.
        """
        return [self._repeat(job) for job in letter_jobs.open_jobs(self._store)]

    def do(self, job: LetterJob, records: RecordBatch | None = None) -> None:
        """Begin a job and carry it out. ``records`` are the originals, at least those to store.

        Raises JobTaken, LeaseHeld and StoreError; unless the job was taken or withdrawn it is
        repeated by the next call of ``repeat_open``, whoever makes it.
        """
        self._renew()
        letter_jobs.begin(self._store, job, self._now())
        self._carry_out(job, records)

    def _carry_out(self, job: LetterJob, records: RecordBatch | None) -> None:
        if records is not None and job.redriven:
            self._insert(job, records)
        self._renew()
        letter_jobs.mark(self._store, job, self._now())
        if job.purged:
            self._renew()
            self._delete(job)
        letter_jobs.end(self._store, job, "done", self._now())

    def _insert(self, job: LetterJob, records: RecordBatch) -> None:
        # Decoded on its own, so that a repeat, which has no other records, comes to the same.
        batch = self._decode(job, select(records, job.redriven))
        for table, rows in (
            ("events", batch.rows),
            ("dropped_keys", batch.dropped_keys()),
            ("tag_overflows", batch.tag_overflows()),
        ):
            if not rows.num_rows:
                continue
            # What others did after our lease was over must not be done again.
            self._renew()
            try:
                self._store.insert(table, rows, job.token)
            except StoreError as error:
                # Nothing is stored and nothing will be: the job must not stand in the way for ever.
                if error.code in UNSTORABLE and not letter_jobs.landed(self._store, job):
                    letter_jobs.end(self._store, job, "withdrawn", self._now())
                raise

    def _repeat(self, job: LetterJob) -> LetterJob:
        logger.info("Repeating the unfinished letter job %s.", job.job)
        offsets = sum(len(job.offsets(name)) for name in letter_jobs.MARKS)
        marked = letter_jobs.marked(self._store, job)
        if marked == offsets or not job.redriven:
            self._carry_out(job, None)
            return job
        records, obstacle = (
            (None, "it was about to be given up") if marked else self._originals(job)
        )
        if obstacle:
            return self._give_up(job, obstacle)
        self._carry_out(job, records)
        return job

    def _originals(self, job: LetterJob) -> tuple[RecordBatch | None, str]:
        """Return the records of a job, or why it cannot be repeated exactly."""
        if not 0 <= letter_jobs.blocks(self._store) - job.block <= SAFE_BLOCKS:
            return None, "the store has forgotten its token since"
        if not self._current(job.place):
            return None, "its topic was deleted and made anew"
        records = self._records(job.place.topic, job.place.partition, job.redriven)
        if len(records) != len(job.redriven):
            return None, "Kafka does not keep all of its records any more"
        batch = self._decode(job, records)
        if batch.stored != len(job.redriven):
            return None, "this version decides otherwise about its records"
        return records, ""

    def _decode(self, job: LetterJob, records: RecordBatch) -> EventBatch:
        """Return what the records come to, by the tag values known when the job was planned.

        Alone they need no more room than among all the letters that the plan was made of, so that
        none is refused now. What they bring is not added to the values of the partition: as of any
        offset those must be what the worker knew there.
        """
        decoder = self._decoder_of(job.catalogue)
        return judged(self._store, decoder, records, job.place, job.values_end)

    def _give_up(self, job: LetterJob, why: str) -> LetterJob:
        logger.error(
            "The unfinished letter job %s cannot be repeated exactly, since %s: what of its %d "
            "letters had been stored is marked, the rest is left alone; run millrace reconcile.",
            job.job,
            why,
            len(job.redriven),
        )
        stored = letter_jobs.landed(self._store, job)
        there = tuple(offset for offset in job.redriven if offset in stored)
        rest = tuple(offset for offset in job.redriven if offset not in stored)
        self._renew()
        known = replace(job, redriven=there)
        letter_jobs.mark(self._store, known, self._now())
        letter_jobs.end(self._store, replace(job, redriven=rest), "abandoned", self._now())
        return known

    def _delete(self, job: LetterJob) -> None:
        # Numbers and a text that the store itself made: nothing here comes from outside.
        offsets = ",".join(map(str, job.purged))
        self._store.command(
            "ALTER TABLE dead_letters DELETE WHERE log = {log:String} AND topic = {topic:String}"
            f" AND partition = {job.place.partition} AND offset IN ({offsets})",
            {"log": job.place.log, "topic": job.place.topic},
            {"mutations_sync": 2},
        )
