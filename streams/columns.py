"""The Arrow columns of the store's tables, and the small builders that fill them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: What ClickHouse reads as LowCardinality(String) at the least cost.
TEXT: Final = pa.dictionary(pa.int32(), pa.string())
MILLISECONDS: Final = pa.timestamp("ms", "UTC")
MICROSECONDS: Final = pa.timestamp("us", "UTC")
SECONDS: Final = pa.timestamp("s", "UTC")
KINDS: Final = {"event": 0, "counter": 1, "gauge": 2, "histogram": 3, "summary": 4}

_COORDINATE: Final = [
    ("log", TEXT),
    ("topic", TEXT),
    ("partition", pa.uint32()),
    ("offset", pa.uint64()),
]

EVENTS: Final = pa.schema(
    [
        *_COORDINATE,
        ("received_at", MILLISECONDS),
        ("retention_class", TEXT),
        ("schema_version", pa.uint8()),
        ("id", pa.binary(16)),
        ("tenant", TEXT),
        ("name", TEXT),
        ("kind", pa.int8()),
        ("occurred_at", MICROSECONDS),
        ("measurements", pa.map_(TEXT, pa.float64())),
        ("tags", pa.map_(TEXT, pa.string())),
        ("attributes", pa.map_(TEXT, pa.string())),
        ("unit", TEXT),
        ("source", pa.string()),
        ("entity", pa.string()),
        ("actor", pa.string()),
        ("aggregation", TEXT),
        ("traceparent", pa.string()),
        ("label", TEXT),
    ]
)

DEAD_LETTERS: Final = pa.schema(
    [
        *_COORDINATE,
        ("received_at", MILLISECONDS),
        ("tenant", pa.string()),
        ("namespace", TEXT),
        ("name", pa.string()),
        ("reason", TEXT),
        ("field", pa.string()),
        ("message", pa.string()),
        ("payload", pa.string()),
        ("size", pa.uint32()),
    ]
)

DROPPED_KEYS: Final = pa.schema(
    [
        ("log", TEXT),
        ("topic", TEXT),
        ("partition", pa.uint32()),
        ("bucket", SECONDS),
        ("tenant", TEXT),
        ("namespace", TEXT),
        ("name", TEXT),
        ("key", pa.string()),
        ("dropped", pa.uint64()),
    ]
)

TAG_VALUES: Final = pa.schema(
    [
        ("log", TEXT),
        ("topic", TEXT),
        ("partition", pa.uint32()),
        ("tenant", TEXT),
        ("namespace", TEXT),
        ("name", TEXT),
        ("key", TEXT),
        ("value", pa.string()),
        ("offset", pa.uint64()),
    ]
)

TAG_OVERFLOWS: Final = pa.schema(
    [
        ("log", TEXT),
        ("topic", TEXT),
        ("partition", pa.uint32()),
        ("bucket", SECONDS),
        ("tenant", TEXT),
        ("namespace", TEXT),
        ("name", TEXT),
        ("key", pa.string()),
        ("overflowed", pa.uint64()),
        ("refused", pa.uint64()),
    ]
)

LEDGER: Final = pa.schema(
    [
        ("log", TEXT),
        ("topic", TEXT),
        ("partition", pa.uint32()),
        ("first_offset", pa.uint64()),
        ("end_offset", pa.uint64()),
        ("delivered", pa.uint64()),
        ("stored", pa.uint64()),
        ("rejected", pa.uint64()),
        ("duplicate", pa.uint64()),
        ("refused", pa.list_(pa.uint64())),
        ("first_day", pa.date32()),
        ("last_day", pa.date32()),
        ("catalogue", TEXT),
        ("flushed_at", MILLISECONDS),
    ]
)

Codes = npt.NDArray[np.int64]


def constant(value: str, length: int) -> pa.Array:
    """Return one text, ``length`` times."""
    return pa.DictionaryArray.from_arrays(np.zeros(length, np.int32), pa.array([value]))


def chosen(values: Sequence[str], codes: Codes) -> pa.Array:
    """Return ``values[code]`` for each code as a dictionary without repeated entries."""
    distinct: dict[str, int] = {}
    mapping = np.array([distinct.setdefault(value, len(distinct)) for value in values], np.int32)
    return pa.DictionaryArray.from_arrays(mapping[codes], pa.array(list(distinct), pa.string()))


def text(values: Iterable[str]) -> pa.Array:
    """Return texts as a dictionary."""
    return pa.array(list(values), pa.string()).dictionary_encode()


def text_map(pairs: Sequence[Sequence[tuple[str, str]]]) -> pa.Array:
    """Return one map of text to text for each sequence of pairs."""
    offsets = np.zeros(len(pairs) + 1, np.int32)
    np.cumsum([len(entry) for entry in pairs], out=offsets[1:])
    keys = [key for entry in pairs for key, _ in entry]
    values = [value for entry in pairs for _, value in entry]
    return pa.MapArray.from_arrays(pa.array(offsets), text(keys), pa.array(values, pa.string()))


def number_map(keys: pa.Array, values: npt.NDArray[np.float64], lengths: Codes) -> pa.Array:
    """Return one map of text to number for each length, from flat keys and values."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.MapArray.from_arrays(pa.array(offsets), keys, pa.array(values))


def batch(columns: dict[str, Any], schema: pa.Schema) -> pa.RecordBatch:
    """Return columns, by name, as one record batch of the schema."""
    return pa.RecordBatch.from_arrays([columns[field.name] for field in schema], schema=schema)


def one_batch(parts: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Return record batches of one schema as one, with one dictionary a column."""
    if len(parts) == 1:
        return parts[0]
    table = pa.Table.from_batches(parts).unify_dictionaries().combine_chunks()
    return table.to_batches()[0]
