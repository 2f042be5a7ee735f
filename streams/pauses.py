"""Partitions that a worker has paused because too much was refused, and their release by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import pyarrow as pa

from millrace.streams import columns
from millrace.streams.generations import Tables
from millrace.streams.letters import Place

_PAUSED: Final = """
SELECT log, topic, partition,
       argMax(offset, (at, state)), argMax(reason, (at, state)), max(at)
FROM ingest_pauses
WHERE {topic:String} IN ('', topic) AND {partition:Int64} IN (-1, partition)
  AND (topic, log) IN (SELECT topic, argMax(log, created_at) FROM topic_logs GROUP BY topic)
GROUP BY log, topic, partition
HAVING argMax(state, (at, state)) = 'paused'
ORDER BY topic, partition
"""


_NEWEST: Final = """
SELECT max(at) FROM ingest_pauses
WHERE log = {log:String} AND topic = {topic:String} AND partition = {partition:UInt32}
"""

State = Literal["paused", "resumed"]


class Pause(NamedTuple):
    """A partition that is paused at an offset, why and since when."""

    place: Place
    offset: int
    reason: str
    at: datetime


def paused(store: Tables, *, topic: str = "", partition: int = -1) -> list[Pause]:
    """Return the partitions that are paused now; of a deleted topic none is."""
    found = store.rows(_PAUSED, {"topic": topic, "partition": partition})
    return [
        Pause(Place(str(log), str(name), int(part)), int(offset), str(reason), at)
        for log, name, part, offset, reason, at in found
    ]


def pause(store: Tables, place: Place, offset: int, reason: str, now: datetime) -> Pause:
    """Record that a partition is paused before an offset."""
    # Later than what was said before, whatever the clocks of the machines that said it.
    ((said,),) = store.rows(_NEWEST, place._asdict())
    at = max(now, said + timedelta(milliseconds=1))
    made = Pause(place, offset, reason, at)
    _write(store, made, "paused", reason, at)
    return made


def resume(store: Tables, paused: Pause, now: datetime, reason: str = "resumed by command") -> None:
    """Release a paused partition; the worker that has it sees that within seconds."""
    # Later than the pause whatever this machine's clock says.
    at = max(now, paused.at + timedelta(milliseconds=1))
    _write(store, paused, "resumed", reason, at)


def _write(store: Tables, paused: Pause, state: State, reason: str, at: datetime) -> None:
    place = paused.place
    arrays = {
        "log": columns.constant(place.log, 1),
        "topic": columns.constant(place.topic, 1),
        "partition": pa.array([place.partition], pa.uint32()),
        "offset": pa.array([paused.offset], pa.uint64()),
        "state": pa.array([int(state == "resumed")], pa.int8()),
        "reason": pa.array([reason]),
        "at": pa.array([at], columns.MILLISECONDS),
    }
    row = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
    since = int(paused.at.timestamp() * 1000)
    token = f"{state}:{place.log}:{place.topic}:{place.partition}:{paused.offset}:{since}"
    store.insert("ingest_pauses", row, token)
