"""Windows and their records for tests, as a worker publishes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from millrace.schemas.window import Window
from millrace.streams.histogram import bits_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOG = "0123456789abcdef"
OTHER_LOG = "fedcba9876543210"
TOPIC = "telemetry.windows"


@dataclass(frozen=True)
class FakeRecord:
    """A record as Kafka hands it over."""

    key: bytes | None
    value: bytes | None
    partition: int = 0
    offset: int = 0
    topic: str = TOPIC


def window(values: Sequence[float] = (1.0, 2.0), **fields: Any) -> Window:
    """Return the window of some values, the last of which is the latest."""
    start, size = fields.get("start", NOON), fields.get("size", 10)
    made = {
        "tenant": "acme",
        "name": "api.requests",
        "measurement": "value",
        "tags": {"endpoint": "/api/users"},
        "log": LOG,
        "partition": 0,
        "through_offset": 10,
        "size": size,
        "start": start,
        "count": len(values),
        "sum": float(sum(values)),
        "min": min(values),
        "max": max(values),
        "last": values[-1],
        "last_at": start + timedelta(seconds=size / 2),
        "histogram": dict(Counter(bits_of(np.array(values, np.float64)).tolist())),
        "final": False,
    }
    return Window.model_validate({**made, **fields})


def key(of: Window) -> bytes:
    """Return the key of a window's record."""
    identity = [of.tenant, of.name, of.measurement, dict(sorted(of.tags.items()))]
    whole = [*identity, of.size, int(of.start.timestamp())]
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def record(of: Window, offset: int = 0) -> FakeRecord:
    """Return a window's record."""
    return FakeRecord(key(of), of.model_dump_json().encode(), of.partition, offset)


def tombstone(of: Window, offset: int = 0) -> FakeRecord:
    """Return the record that takes a window away."""
    return FakeRecord(key(of), None, of.partition, offset)
