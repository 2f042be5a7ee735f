"""What the partitions of a worker share, and what they ask of the broker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from faust.types import TP

from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock
from millrace.streams.decode import Decoder
from millrace.streams.gate import GateTools
from millrace.streams.projections import Projections
from millrace.streams.settings import SinkSettings
from millrace.streams.sink import Sink
from millrace.streams.transport_thread import Committed, Membership


@dataclass(frozen=True, slots=True)
class Log:
    """Which life of a topic its partitions were settled on: ours and Kafka's name for it.

    ``anew`` says that the topic had a life before this one.
    """

    generation: str
    topic_id: str
    anew: bool = False


class Positions(Protocol):
    """What ingest asks of the broker; :class:`millrace.streams.transport.Offsets` has it."""

    async def commit(self, tp: TP, offset: int, metadata: str, membership: Membership) -> None:
        """Commit one position, once; raises Fenced when the group has moved on."""

    async def committed(self, tp: TP) -> Committed | None:
        """Return the committed position with its metadata."""

    async def read_from(self, tp: TP, offset: int, reading: int) -> None:
        """Fetch a partition from an offset on; raises Fenced when it is another's."""

    async def log_start(self, tp: TP) -> int:
        """Return the first offset that the log still has."""

    async def topic_id(self, topic: str) -> str:
        """Return Kafka's id of a topic as it is now."""

    def hold(self, tp: TP) -> None:
        """Fetch no more of a partition for now."""

    def release(self, tp: TP) -> None:
        """Fetch a partition again."""


class Watcher(Protocol):
    """Who is told what happens; :class:`millrace.streams.telemetry.Telemetry` has it."""

    def stored(self, batch: EventBatch, seconds: float) -> None:
        """Note a range that was stored, entered and committed."""

    def lost(self, tp: TP, offsets: int) -> None:
        """Note that the log forgot offsets before they were stored."""

    def too_late(self, tp: TP, values: Mapping[tuple[str, int], int]) -> None:
        """Note values, by name and window size, that their windows could not take any more."""


@dataclass(frozen=True)
class Tools:
    """What every partition shares."""

    settings: SinkSettings
    permit_seconds: float  # an insert is sent only so long after its intent was committed
    sink: Sink
    positions: Positions
    decoder: Decoder
    decoder_of: Callable[[str], Awaitable[Decoder]]  # by a catalogue's fingerprint
    logs: Mapping[str, Log]  # by topic
    co_partitioned: Callable[[TP], Awaitable[bool]]  # whether the topics made from it have it too
    publish: Callable[[EventBatch], Awaitable[None]]  # rejects, to the dead-letter topic
    project: Callable[[TP], Projections | None]  # what is kept live of a partition, if anything is
    gates: GateTools
    watcher: Watcher
    clock: Clock
    # One thread: a decoder is not safe to share, and the event loop must stay free to fetch.
    decoding: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="decode")
    )
