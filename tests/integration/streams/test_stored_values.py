"""What is read back of stored events is what went in, on the real engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from catalogues import SMALL
from ingest_doubles import FreshPermit

from millrace.clickhouse.client import Store
from millrace.streams.batch import EventBatch
from millrace.streams.clock import SystemClock
from millrace.streams.decode import Decoder
from millrace.streams.live import Live
from millrace.streams.measured import Values, values_of
from millrace.streams.record_batch import record_batch
from millrace.streams.settings import WindowSettings
from millrace.streams.sink import Sink
from millrace.streams.stored_values import stored_values

pytestmark = pytest.mark.integration

KINDS = ["event", "counter", "gauge", "histogram", "summary"]


def event(number: int, **fields: object) -> bytes:
    at = datetime.now(UTC) - timedelta(seconds=number % 7, microseconds=number)
    document = {
        "name": f"a.b{number % 3}",
        "kind": KINDS[number % 5],
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
        "measurements": {"b": number / 3, "a": -1e-30 * number},
        "tags": {"z": "ü", "k": str(number % 4)} if number % 2 else {},
        **fields,
    }
    return json.dumps(document).encode()


def store_batch(store: Store, records: Sequence[bytes], first: int = 10) -> EventBatch:
    now = int(datetime.now(UTC).timestamp() * 1000)
    offsets = range(first, first + len(records))
    times = [now + offset for offset in offsets]
    found = record_batch("events", 3, first, offsets, times, records)
    batch = Decoder(SMALL, b"k").decode(found, "log")

    async def insert() -> None:
        sink = Sink(store, SystemClock())
        try:
            await sink.store(batch, FreshPermit())
        finally:
            sink.close()

    asyncio.run(insert())
    return batch


def assert_same(found: Values, expected: Values) -> None:
    assert found.measured == expected.measured
    for name in ("codes", "values", "occurred", "received", "offsets", "kinds"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.dtype == other.dtype, name
        np.testing.assert_array_equal(one, other, name)


def test_a_stored_range_comes_back_with_every_field_of_its_values(store: Store) -> None:
    records = [event(number) for number in range(100)]
    records[40] = b"{"
    batch = store_batch(store, [*records, event(100, measurements={}), event(101, tags={})])
    (found,) = stored_values(store, "log", "events", 3, 0, 1_000)
    assert len(found) == 2 * 99 + 1 + 2
    assert_same(found, values_of(batch))


def test_only_the_asked_for_part_comes_back_in_order_and_in_chunks(store: Store) -> None:
    batch = store_batch(store, [event(number) for number in range(30)])
    store_batch(store, [event(number) for number in range(30, 40)], first=40)
    parts = list(stored_values(store, "log", "events", 3, 15, 35, chunk=8))
    assert [len(part) for part in parts] == [16, 16, 8]
    offsets = np.concatenate([part.offsets for part in parts])
    assert offsets.tolist() == np.repeat(range(15, 35), 2).tolist()
    expected = values_of(batch)
    chosen = (expected.offsets >= 15) & (expected.offsets < 35)
    np.testing.assert_array_equal(
        np.concatenate([part.values for part in parts]), expected.values[chosen]
    )
    assert all(first.offsets[-1] < second.offsets[0] for first, second in pairwise(parts))


def test_other_places_and_redriven_events_are_left_out(store: Store) -> None:
    store_batch(store, [event(number) for number in range(5)])
    store.command(
        "INSERT INTO letter_jobs (log, topic, partition, redriven, refused) VALUES"
        " ('log', 'events', 3, [11], [12]), ('log', 'events', 1, [10], [])"
    )
    (found,) = stored_values(store, "log", "events", 3, 0, 99)
    assert sorted(set(found.offsets.tolist())) == [10, 12, 13, 14]
    assert not list(stored_values(store, "other", "events", 3, 0, 99))
    assert not list(stored_values(store, "log", "events", 2, 0, 99))
    assert not list(stored_values(store, "log", "events", 3, 15, 99))
    assert not list(stored_values(store, "log", "events", 3, 12, 12))


@pytest.mark.requirement("METRIC-15", "METRIC-16", "METRIC-17")
def test_live_values_go_on_from_the_store_as_if_never_interrupted(store: Store) -> None:
    batch = store_batch(store, [event(number) for number in range(60)])
    values = values_of(batch)
    direct, before = (Live(WindowSettings(observations=4), "log", 3) for _ in range(2))
    direct.add(values, 70)
    before.add(values.keep(values.offsets < 33), 33)
    held = {key: value for key, value in before.publish(33, 1 << 50) if value is not None}
    after = Live(WindowSettings(observations=4), "log", 3)
    assert after.load(held) == 33
    for part in stored_values(store, "log", "events", 3, 33, 70, chunk=9):
        after.add(part, int(part.offsets[-1]) + 1)
    assert dict(after.publish(70, 1 << 50)).items() <= dict(direct.publish(70, 1 << 50)).items()
