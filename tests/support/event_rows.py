"""Rows of the raw table for tests of the store, and the batch that the store takes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

import pyarrow as pa

TOPIC = "telemetry.events"
LOG = "generation1"
#: Yesterday's: what is older than its retention vanishes at the insert.
NOON = datetime.combine(datetime.now(UTC).date() - timedelta(days=1), time(12), UTC)

_TEXT = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class Row:
    """One raw event; what a test does not mention has a plain default."""

    offset: int
    occurred_at: datetime = NOON
    name: str = "http.request"
    measurements: Mapping[str, float] = field(default_factory=lambda: {"count": 1.0})
    tags: Mapping[str, str] = field(default_factory=dict)
    actor: str = ""
    tenant: str = "default"
    partition: int = 0
    topic: str = TOPIC
    log: str = LOG
    retention_class: str = "default"
    source: str = ""
    entity: str = ""
    kind: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime | None = None

    @property
    def id(self) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{self.log}/{self.partition}/{self.offset}")


def events_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """Return the rows as one record batch with the columns that an insert sends."""

    def text(values: Sequence[str]) -> pa.Array:
        return pa.array(values, pa.string()).dictionary_encode().cast(_TEXT)

    def pairs(maps: Sequence[Mapping[str, object]], value: pa.DataType) -> pa.Array:
        return pa.array([sorted(item.items()) for item in maps], pa.map_(pa.string(), value))

    empty = text([""] * len(rows))
    columns = {
        "log": text([row.log for row in rows]),
        "topic": text([row.topic for row in rows]),
        "partition": pa.array([row.partition for row in rows], pa.uint32()),
        "offset": pa.array([row.offset for row in rows], pa.uint64()),
        "received_at": pa.array(
            [row.received_at or row.occurred_at for row in rows], pa.timestamp("ms", "UTC")
        ),
        "retention_class": text([row.retention_class for row in rows]),
        "schema_version": pa.array([1] * len(rows), pa.uint8()),
        "id": pa.array([row.id.bytes for row in rows], pa.binary(16)),
        "tenant": text([row.tenant for row in rows]),
        "name": text([row.name for row in rows]),
        "kind": pa.array([row.kind for row in rows], pa.int8()),
        "occurred_at": pa.array([row.occurred_at for row in rows], pa.timestamp("us", "UTC")),
        "measurements": pairs([row.measurements for row in rows], pa.float64()),
        "tags": pairs([row.tags for row in rows], pa.string()),
        "attributes": pairs([row.attributes for row in rows], pa.string()),
        "unit": empty,
        "source": text([row.source for row in rows]),
        "entity": text([row.entity for row in rows]),
        "actor": text([row.actor for row in rows]),
        "aggregation": empty,
        "traceparent": empty,
        "label": empty,
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
