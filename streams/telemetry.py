"""Our own telemetry: the pipeline's figures as events of namespace ``millrace``.

They go through the same pipeline on a topic of their own, so that the pipeline is watched with
its own dashboards. Counts are gathered and sent every few seconds, never one event a record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from faust.types import TP

from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock

Tags = tuple[tuple[str, str], ...]
_PAGE: Final = 4096


class Telemetry:
    """Gathers what this worker does and gives it out as events."""

    def __init__(self, clock: Clock, worker: str) -> None:
        self._clock = clock
        self._worker = worker
        self._counts: Counter[tuple[str, Tags]] = Counter()
        self._flushes: list[dict[str, Any]] = []
        self._positions: dict[TP, int] = {}
        self._received: dict[TP, int] = {}
        self._latest: dict[TP, int] = {}

    def stored(self, batch: EventBatch, seconds: float) -> None:
        """Note a stored range."""
        tp = TP(batch.topic, batch.partition)
        place = (("partition", str(batch.partition)), ("topic", batch.topic))
        for what, count in (
            ("delivered", batch.delivered),
            ("stored", batch.stored),
            ("duplicates", batch.duplicates),
        ):
            if count:
                self._counts[f"millrace.ingest.{what}", place] += count
        for refusal in batch.refusals:
            tags = (("reason", refusal.reason), ("topic", batch.topic))
            self._counts["millrace.ingest.rejected", tags] += 1
        for key, count in batch.dropped.items():
            tags = (("namespace", key.namespace), ("topic", batch.topic))
            self._counts["millrace.ingest.dropped_keys", tags] += count
        for beyond, count in batch.overflows.items():
            tags = (("namespace", beyond.namespace), ("topic", batch.topic))
            self._counts["millrace.ingest.tag_overflows", tags] += count
        self._positions[tp] = batch.end
        if batch.stored:
            self._note_times(tp, batch)
        self._flushes.append(
            self._event(
                "millrace.ingest.flush",
                {"rows": batch.stored, "seconds": seconds},
                {"topic": batch.topic, "worker": self._worker},
            )
        )

    def retried(self, topic: str, code: int) -> None:
        """Note that the store has to be asked again."""
        self._counts["millrace.ingest.retries", (("code", str(code)), ("topic", topic))] += 1

    def lost(self, tp: TP, offsets: int) -> None:
        """Note offsets that the log forgot before they were stored."""
        self._counts["millrace.ingest.lost", (("topic", tp.topic),)] += offsets

    def too_late(self, tp: TP, values: Mapping[tuple[str, int], int]) -> None:
        """Note values, by name and window size, that their windows could not take any more."""
        for (name, size), count in values.items():
            tags = (("name", name), ("size", str(size)), ("topic", tp.topic))
            self._counts["millrace.windows.too_late", tags] += count

    def paused(self, tp: TP, state: str) -> None:
        """Note that a partition was paused, or that it goes on: ``paused`` or ``resumed``."""
        tags = (("partition", str(tp.partition)), ("state", state), ("topic", tp.topic))
        self._counts["millrace.ingest.pauses", tags] += 1

    def forget_partitions(self) -> None:
        """Forget the partitions; another worker may have them now."""
        self._positions.clear()
        self._received.clear()
        self._latest.clear()

    def worker(self, what: str) -> dict[str, Any]:
        """Return the event of this worker having started or stopped."""
        return self._event(f"millrace.worker.{what}", {"count": 1}, {"worker": self._worker})

    def events(self, ends: Mapping[TP, int]) -> list[dict[str, Any]]:
        """Return what has been gathered since the last time, and the gauges of now.

        ``ends`` is the end of each partition's log.
        """
        gathered = self._flushes + [
            self._event(name, {"count": count}, dict(tags))
            for (name, tags), count in self._counts.items()
        ]
        self._flushes, self._counts = [], Counter()
        return gathered + self._gauges(ends)

    def _note_times(self, tp: TP, batch: EventBatch) -> None:
        oldest = int(batch.timestamps.min())
        self._received[tp] = int(batch.timestamps.max())
        self._latest[tp] = max(self._latest.get(tp, 0), int(batch.occurred.max()) // 1000)
        self._flushes.append(
            self._event(
                "millrace.ingest.delay",
                {"seconds": max(0.0, (self._now() - oldest) / 1000)},
                {"topic": batch.topic},
            )
        )

    def _gauges(self, ends: Mapping[TP, int]) -> list[dict[str, Any]]:
        gauges = [
            self._event(
                "millrace.worker.memory", {"rss_bytes": _resident()}, {"worker": self._worker}
            )
        ]
        for tp, position in self._positions.items():
            tags = {"topic": tp.topic, "partition": str(tp.partition)}
            behind = max(0, ends.get(tp, 0) - position)
            seconds = (self._now() - self._received.get(tp, self._now())) / 1000 if behind else 0.0
            lag = {"records": behind, "seconds": max(0.0, seconds)}
            gauges.append(self._event("millrace.ingest.lag", lag, tags))
            if tp in self._latest:
                age = {"age_seconds": (self._now() - self._latest[tp]) / 1000}
                gauges.append(self._event("millrace.ingest.watermark", age, tags))
        return gauges

    def _event(
        self, name: str, measurements: Mapping[str, float], tags: Mapping[str, str]
    ) -> dict[str, Any]:
        return {
            "name": name,
            "occurred_at": self._clock.now().isoformat().replace("+00:00", "Z"),
            "measurements": measurements,
            "tags": tags,
        }

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def encode(event: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return an event of ours as the key and value of a record."""
    return f"default|{event['name']}".encode(), msgspec.json.encode(event)


def _resident() -> int:
    """Return this process's resident memory in bytes, 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
            return int(statm.read().split()[1]) * _PAGE
    except OSError:
        return 0
