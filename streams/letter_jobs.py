"""Jobs on dead letters, written down before they are carried out.

A job names the exact offsets and what is to become of each; every later step repeats harmlessly
under the job's token. Jobs are numbered, and the number is the token under which a job is begun: of
two jobs planned from the same state the store takes one, so no letter is ever in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa

from millrace.schemas.errors import ConfigurationError, StoreError
from millrace.streams import columns
from millrace.streams.letters import Place, Tables

#: The outcomes; a job has a column of offsets for each, and a mark of that name is left.
MARKS: Final = ("redriven", "duplicate", "refused", "purged")
_STATES: Final = {"begun": 0, "done": 1, "abandoned": 2, "withdrawn": 3}

_OPEN: Final = """
SELECT number, job, log, topic, partition, redriven, duplicate, refused, purged, catalogue, block,
    values_end
FROM letter_jobs
WHERE state = 'begun' AND number NOT IN (SELECT number FROM letter_jobs WHERE state != 'begun')
ORDER BY number
"""
_OWNER: Final = (
    "SELECT job FROM letter_jobs WHERE number = {number:UInt64} AND state = 'begun' LIMIT 1"
)
# Parts keep their highest number through merges: it tells how many inserts the table has seen.
_BLOCK: Final = (
    "SELECT max(max_block_number) FROM system.parts"
    " WHERE database = currentDatabase() AND table = 'events'"
)
_LANDED: Final = (
    "SELECT offset FROM events WHERE log = {log:String} AND topic = {topic:String}"
    " AND partition = {partition:UInt32}"
    " AND offset >= {first:UInt64} AND offset <= {last:UInt64}"
)


@dataclass(frozen=True, slots=True)
class LetterJob:
    """What is to become of some letters of one partition.

    ``redriven`` are the offsets to store; the others are only marked, ``purged`` ones also
    deleted. ``catalogue`` decided it. ``block`` says how many inserts the raw table had seen.
    Its events are judged by the tag values that the partition had below ``values_end``.
    """

    number: int
    job: str
    place: Place
    redriven: tuple[int, ...] = ()
    duplicate: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    purged: tuple[int, ...] = ()
    catalogue: str = ""
    block: int = 0
    values_end: int = 0

    @property
    def token(self) -> str:
        """The deduplication token of everything that the job inserts."""
        return f"letters:{self.job}"

    def offsets(self, mark: str) -> tuple[int, ...]:
        """Return the offsets that get a mark."""
        found: tuple[int, ...] = getattr(self, mark)
        return found


class JobTaken(ConfigurationError):
    """Another job was begun since this one was planned; plan again."""


def new_job(number: int, place: Place, **contents: Any) -> LetterJob:
    """Return a job with an id of its own."""
    return LetterJob(number, uuid4().hex, place, **contents)


def open_jobs(store: Tables) -> list[LetterJob]:
    """Return the jobs that were begun and neither finished nor given up, oldest first."""
    return [_job(*row) for row in store.rows(_OPEN)]


def next_number(store: Tables) -> int:
    """Return the number for the next job. Ask before looking at the letters."""
    ((newest,),) = store.rows("SELECT max(number) FROM letter_jobs")
    return int(newest) + 1


def blocks(store: Tables) -> int:
    """Return how many inserts the raw table has seen; only differences mean something."""
    ((block,),) = store.rows(_BLOCK)
    return int(block)


def begin(store: Tables, job: LetterJob, at: datetime) -> None:
    """Write the job down. Raises JobTaken when its number is another's."""
    store.insert("letter_jobs", _row(job, "begun", at), f"letter job {job.number}")
    found = store.rows(_OWNER, {"number": job.number})
    if not found:
        raise StoreError(f"The store took the letter job {job.number} and does not show it")
    if str(found[0][0]) != job.job:
        raise JobTaken("Somebody else has begun to work on the dead letters: try again")


def mark(store: Tables, job: LetterJob, at: datetime) -> None:
    """Leave the job's marks on its letters."""
    offsets = [offset for name in MARKS for offset in job.offsets(name)]
    codes = [code for code, name in enumerate(MARKS) for _ in job.offsets(name)]
    count = len(offsets)
    rows = _batch(
        {
            "log": columns.constant(job.place.log, count),
            "topic": columns.constant(job.place.topic, count),
            "partition": pa.array([job.place.partition] * count, pa.uint32()),
            "offset": pa.array(offsets, pa.uint64()),
            "mark": pa.array(codes, pa.int8()),
            "job": pa.array([job.job] * count, pa.string()),
            "catalogue": pa.array([job.catalogue] * count, pa.string()),
            "at": pa.array([at] * count, columns.MILLISECONDS),
        }
    )
    store.insert("letter_marks", rows, job.token)


def marked(store: Tables, job: LetterJob) -> int:
    """Return how many marks the job has left."""
    ((count,),) = store.rows(
        "SELECT count() FROM letter_marks WHERE job = {job:String}", {"job": job.job}
    )
    return int(count)


def end(store: Tables, job: LetterJob, state: str, at: datetime) -> None:
    """Close the job; of several ends the store takes the first."""
    store.insert("letter_jobs", _row(job, state, at), f"letter job {job.number} ended")


def landed(store: Tables, job: LetterJob) -> set[int]:
    """Return which of the offsets to store the raw table holds."""
    if not job.redriven:
        return set()
    span = {"first": job.redriven[0], "last": job.redriven[-1]}
    wanted = set(job.redriven)
    found = store.rows(_LANDED, {**job.place._asdict(), **span})
    return {int(offset) for (offset,) in found} & wanted


def _job(number: int, job: str, *rest: Any) -> LetterJob:
    log, topic, partition, *arrays, catalogue, block, values_end = rest
    redriven, duplicate, refused, purged = (tuple(map(int, offsets)) for offsets in arrays)
    place = Place(str(log), str(topic), int(partition))
    counts = int(block), int(values_end)
    return LetterJob(
        int(number), str(job), place, redriven, duplicate, refused, purged, catalogue, *counts
    )


def _row(job: LetterJob, state: str, at: datetime) -> pa.RecordBatch:
    def array(offsets: Sequence[int]) -> pa.Array:
        return pa.array([list(offsets)], pa.list_(pa.uint64()))

    return _batch(
        {
            "number": pa.array([job.number], pa.uint64()),
            "job": pa.array([job.job]),
            "state": pa.array([_STATES[state]], pa.int8()),
            "log": pa.array([job.place.log]),
            "topic": pa.array([job.place.topic]),
            "partition": pa.array([job.place.partition], pa.uint32()),
            **{name: array(job.offsets(name)) for name in MARKS},
            "catalogue": pa.array([job.catalogue]),
            "block": pa.array([job.block], pa.uint64()),
            "values_end": pa.array([job.values_end], pa.uint64()),
            "at": pa.array([at], columns.MILLISECONDS),
        }
    )


def _batch(arrays: Mapping[str, pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
