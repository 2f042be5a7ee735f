"""The values that tags have got, and those beyond their budget, as they lie in the store.

A value belongs to the event that brought it first, by offset: what was known as of any offset can
so be told from the rows before it, for ever. That is why they never expire.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from millrace.streams import columns


class TagValue(NamedTuple):
    """A value that a tag of one tenant's name had for the first time, at an offset."""

    tenant: str
    namespace: str
    name: str
    key: str
    value: str
    offset: int


class TagOverflow(NamedTuple):
    """What events over a budget are counted by; ``minute`` is in Unix seconds of Kafka time.

    A refused event is counted once, by the key that its dead letter names; one that overflowed is
    counted by each of its keys that did.
    """

    minute: int
    tenant: str
    namespace: str
    name: str
    key: str
    refused: bool


def value_rows(found: Sequence[TagValue], coordinate: dict[str, pa.Array]) -> pa.RecordBatch:
    """Return values as rows of ``tag_values``; ``coordinate`` are the columns of their place."""
    return columns.batch(
        {
            **coordinate,
            "tenant": columns.text(one.tenant for one in found),
            "namespace": columns.text(one.namespace for one in found),
            "name": columns.text(one.name for one in found),
            "key": columns.text(one.key for one in found),
            "value": pa.array([one.value for one in found], pa.string()),
            "offset": pa.array([one.offset for one in found], pa.uint64()),
        },
        columns.TAG_VALUES,
    )


def overflow_rows(
    counts: Mapping[TagOverflow, int], coordinate: dict[str, pa.Array]
) -> pa.RecordBatch:
    """Return counts as rows of ``tag_overflows``, in a fixed order."""
    found = sorted(counts.items())
    numbers: dict[str, Any] = {
        "overflowed": [0 if key.refused else count for key, count in found],
        "refused": [count if key.refused else 0 for key, count in found],
    }
    return columns.batch(
        {
            **coordinate,
            "bucket": pa.array([key.minute for key, _ in found], pa.int64()).cast(columns.SECONDS),
            "tenant": columns.text(key.tenant for key, _ in found),
            "namespace": columns.text(key.namespace for key, _ in found),
            "name": columns.text(key.name for key, _ in found),
            "key": pa.array([key.key for key, _ in found], pa.string()),
            **{name: pa.array(counts, pa.uint64()) for name, counts in numbers.items()},
        },
        columns.TAG_OVERFLOWS,
    )
