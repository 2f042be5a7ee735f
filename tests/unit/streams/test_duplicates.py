"""Repeated ids are recognised exactly where the definition says, wherever ranges are cut."""

from __future__ import annotations

import json
from itertools import pairwise
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from catalogues import SMALL
from hypothesis import given
from hypothesis import strategies as st

from millrace.streams.batch import EventBatch
from millrace.streams.decode import Decoder
from millrace.streams.duplicates import RecentIds
from millrace.streams.record_batch import record_batch

START = 1_795_176_000_000
DECODER = Decoder(SMALL, b"key")


def batch(first: int, ids: list[int], timestamps: list[int]) -> EventBatch:
    values = [
        json.dumps(
            {"id": str(UUID(int=i)), "name": "a", "occurred_at": "2026-11-20T11:59:00Z"}
        ).encode()
        for i in ids
    ]
    offsets = range(first, first + len(ids))
    return DECODER.decode(record_batch("t", 0, first, offsets, timestamps, values), "log")


def by_definition(ids: list[int], timestamps: list[int], limit: int, seconds: int) -> list[bool]:
    """Each event against every event stored before it, with no state at all."""
    stored: list[tuple[int, int]] = []
    verdicts = []
    for identity, timestamp in zip(ids, timestamps, strict=True):
        recent = stored[-limit:] if limit else []
        last = [t for i, t in recent if i == identity][-1:]
        fresh = not last or timestamp - last[0] > seconds * 1000
        verdicts.append(fresh)
        if fresh:
            stored.append((identity, timestamp))
    return verdicts


@pytest.mark.requirement("METRIC-14")
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=25),
    st.lists(st.integers(0, 25), max_size=4),
    st.integers(0, 6),
)
def test_verdicts_are_the_definitions_wherever_ranges_are_cut(
    events: list[tuple[int, int]], cuts: list[int], limit: int
) -> None:
    ids = [identity for identity, _ in events]
    timestamps = [int(t) for t in np.cumsum([START] + [step * 1000 for _, step in events])[1:]]
    recent = RecentIds(limit, seconds=5)
    verdicts: list[bool] = []
    edges = sorted({0, len(ids), *(cut for cut in cuts if cut < len(ids))})
    for start, stop in pairwise(edges):
        part = batch(start, ids[start:stop], timestamps[start:stop])
        mask = recent.fresh(part)
        assert (recent.fresh(part) == mask).all(), "asking must not change the answer"
        recent.remember(part.keep(mask))
        verdicts += mask.tolist()
    assert verdicts == by_definition(ids, timestamps, limit, 5)


def test_memory_and_reload_agree() -> None:
    live, reloaded = RecentIds(3, 600), RecentIds(3, 600)
    for start in range(0, 10, 2):
        live.remember(batch(start, [start, start + 1], [START + start, START + start + 1]))
    reloaded.load(
        pa.array([UUID(int=i).bytes for i in (7, 8, 9)], pa.binary(16)),
        np.array([START + i for i in (7, 8, 9)]),
    )
    again = batch(10, [7, 8, 9, *range(7)], [START + 20] * 10)
    expected = [False] * 3 + [True] * 7
    assert live.fresh(again).tolist() == reloaded.fresh(again).tolist() == expected


def test_what_is_held_stays_bounded() -> None:
    recent = RecentIds(100, 600)
    for start in range(0, 5_000, 50):
        recent.remember(batch(start, list(range(start, start + 50)), [START + start] * 50))
    assert len(recent) <= 200
