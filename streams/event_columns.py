"""The columns of stored events that both the fast path and the arbiter's rows are made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa

from millrace.schemas import limits
from millrace.schemas.event import Event
from millrace.streams import columns
from millrace.streams.arbiter import Accepted, microseconds
from millrace.streams.identities import Pseudonyms, coordinate_id
from millrace.streams.record_batch import RecordBatch

_DASHES: Final = [8, 13, 18, 23]
_DIGITS: Final = [place for place in range(36) if place not in _DASHES]
_HEX: Final = np.full(256, 255, np.uint8)
_HEX[[ord(digit) for digit in "0123456789abcdef"]] = range(16)
_HEX[[ord(digit) for digit in "ABCDEF"]] = range(10, 16)


def coordinates(records: RecordBatch, log: str, places: columns.Codes) -> dict[str, pa.Array]:
    """Return the columns of the coordinates of the records at ``places``."""
    return {
        "log": columns.constant(log, len(places)),
        "topic": columns.constant(records.topic, len(places)),
        "partition": pa.array(np.full(len(places), records.partition, np.uint32)),
        "offset": pa.array(records.offsets[places].astype(np.uint64)),
        "received_at": pa.array(records.timestamps[places]).cast(columns.MILLISECONDS),
    }


def envelopes(events: list[tuple[Event, str]], codes: columns.Codes) -> dict[str, pa.Array]:
    """Return the columns that an envelope decides, for each code its event's."""
    texts = {
        "retention_class": [retention for _, retention in events],
        "tenant": [event.tenant for event, _ in events],
        "name": [event.name for event, _ in events],
        "unit": [event.unit or "" for event, _ in events],
        "aggregation": [str(event.aggregation or "") for event, _ in events],
        "label": [event.label or "" for event, _ in events],
    }
    kinds = np.array([columns.KINDS[event.kind] for event, _ in events], np.int8)
    return {
        **{name: columns.chosen(values, codes) for name, values in texts.items()},
        "kind": pa.array(kinds[codes]),
        "schema_version": pa.array(np.full(len(codes), limits.SCHEMA_VERSION, np.uint8)),
    }


def encode_ids(texts: Sequence[str]) -> bytes | None:
    """Return canonical UUIDs as 16 bytes each, or None when one of them is not canonical."""
    joined = "".join(texts)
    if len(joined) != 36 * len(texts) or not joined.isascii():
        return None
    letters = np.frombuffer(joined.encode(), np.uint8).reshape(-1, 36)
    digits = _HEX[letters[:, _DIGITS]]
    if (letters[:, _DASHES] != ord("-")).any() or (digits == 255).any():
        return None
    return bytes((digits[:, 0::2] << 4 | digits[:, 1::2]).tobytes())


def arbiters_rows(
    records: RecordBatch, log: str, accepted: Sequence[tuple[int, Accepted]], pseudonyms: Pseudonyms
) -> pa.RecordBatch:
    """Return the rows of events that the arbiter accepted, each with its place in the records."""
    places = np.array([place for place, _ in accepted])
    events = [verdict.event for _, verdict in accepted]
    namespaces = [verdict.namespace for _, verdict in accepted]
    kept = [
        (event, namespace.retention_class)
        for event, namespace in zip(events, namespaces, strict=True)
    ]
    typed = pseudonyms.typed
    own: dict[str, list[Any]] = {
        "id": [
            event.id.bytes
            if event.id
            else coordinate_id(log, records.topic, records.partition, int(records.offsets[place]))
            for place, event in zip(places, events, strict=True)
        ],
        "source": [typed(n, e.source or "") for e, n in zip(events, namespaces, strict=True)],
        "entity": [typed(n, e.entity or "") for e, n in zip(events, namespaces, strict=True)],
        "actor": [pseudonyms.of(event.actor or "") for event in events],
        "traceparent": [event.traceparent or "" for event in events],
    }
    occurred = pa.array([microseconds(event.occurred_at) for event in events], pa.int64())
    return columns.batch(
        {
            **coordinates(records, log, places),
            **envelopes(kept, np.arange(len(events))),
            **{name: pa.array(own[name], columns.EVENTS.field(name).type) for name in own},
            "occurred_at": occurred.cast(columns.MICROSECONDS),
            "measurements": _measurements(events),
            "tags": columns.text_map([list(event.tags.items()) for event in events]),
            "attributes": columns.text_map([list(event.attributes.items()) for event in events]),
        },
        columns.EVENTS,
    )


def _measurements(events: Sequence[Event]) -> pa.Array:
    lengths = np.array([len(event.measurements) for event in events])
    names = chain.from_iterable(event.measurements for event in events)
    values = chain.from_iterable(event.measurements.values() for event in events)
    return columns.number_map(columns.text(names), np.array(list(values), np.float64), lengths)
