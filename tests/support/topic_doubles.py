"""Compacted topics in memory, and the projections of a partition that stand on them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from catalogues import SMALL
from faust.types import TP

from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock
from millrace.streams.compacted import Held
from millrace.streams.decode import Decoder
from millrace.streams.measured import Values, values_of
from millrace.streams.projections import Projecting, Projections, Source
from millrace.streams.record_batch import record_batch
from millrace.streams.settings import WindowSettings
from millrace.streams.window_records import Record

WINDOWS, LIVE = "windows", "live"
SOURCE = Source("log", "events", 0)
_DECODER = Decoder(SMALL, b"key")


class Topics:
    """Two compacted topics with one partition, as the projections of a worker see them."""

    def __init__(self) -> None:
        self.logs: dict[str, list[Record]] = {WINDOWS: [], LIVE: []}
        self.before_publish: Callable[[str], None] = lambda topic: None
        self.stored: list[EventBatch] = []
        self.too_late: Counter[tuple[str, int]] = Counter()

    async def read(self, topic: str, partition: int) -> Held:
        held = Held()
        held.add(self.logs[topic])
        held.end = len(self.logs[topic])
        return held

    async def read_latest(
        self, topic: str, partition: int, first: int
    ) -> dict[bytes, bytes | None]:
        return dict(self.logs[topic][first:])

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> list[range]:
        self.before_publish(topic)
        log = self.logs[topic]
        log.extend(records)
        return [range(len(log) - len(records), len(log))] if records else []

    async def stored_values(self, source: Source, first: int, end: int) -> Iterable[Values]:
        found = [values_of(batch) for batch in self.stored]
        cut = [one.keep((one.offsets >= first) & (one.offsets < end)) for one in found]
        return [one for one in cut if len(one)]

    def note_too_late(self, tp: TP, values: Mapping[tuple[str, int], int]) -> None:
        self.too_late.update(values)

    def held(self, topic: str) -> dict[bytes, dict[str, Any]]:
        """What a reader who takes the last record of each key holds."""
        last = dict(self.logs[topic])
        return {key: json.loads(value) for key, value in last.items() if value is not None}

    def projecting(self, clock: Clock, **settings: Any) -> Projecting:
        return Projecting(
            settings=WindowSettings(**settings),
            windows=WINDOWS,
            live=LIVE,
            read=self.read,
            read_latest=self.read_latest,
            publish=self.publish,
            stored=self.stored_values,
            too_late=self.note_too_late,
            working=ThreadPoolExecutor(1),
            clock=clock,
        )

    def projections(self, clock: Clock, source: Source = SOURCE, **settings: Any) -> Projections:
        return Projections(self.projecting(clock, **settings), source)


def event_batch(first: int, events: Sequence[Mapping[str, Any]], received: int) -> EventBatch:
    """Decode events of name ``a.b`` at these offsets, received at one Unix millisecond."""
    values = [json.dumps({"name": "a.b", "kind": "counter", **event}).encode() for event in events]
    records = record_batch(
        "events", 0, first, range(first, first + len(values)), [received] * len(values), values
    )
    batch = _DECODER.decode(records, "log")
    assert not batch.refusals, batch.refusals
    return batch
