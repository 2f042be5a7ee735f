"""What a worker keeps in the store about logs, catalogues and recent ids, on the real engine."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from catalogues import SMALL
from ingest_doubles import FreshPermit

from millrace.clickhouse.client import Store
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import ConfigurationError
from millrace.streams import generations
from millrace.streams.batch import EventBatch
from millrace.streams.clock import SystemClock
from millrace.streams.columns import (
    DEAD_LETTERS,
    DROPPED_KEYS,
    EVENTS,
    LEDGER,
    TAG_OVERFLOWS,
    TAG_VALUES,
)
from millrace.streams.decode import Decoder
from millrace.streams.duplicates import RecentIds
from millrace.streams.recall import Past, recall
from millrace.streams.record_batch import record_batch
from millrace.streams.sink import RowsRefused, Sink

pytestmark = pytest.mark.integration


def batch_of(first: int, records: list[bytes], log: str = "log") -> EventBatch:
    now = int(datetime.now(UTC).timestamp() * 1000)
    offsets = range(first, first + len(records))
    found = record_batch("events", 0, first, offsets, [now] * len(records), records)
    return Decoder(SMALL, b"k").decode(found, log)


def event(**fields: object) -> bytes:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"id": str(uuid4()), "name": "a.b", "occurred_at": now, **fields}).encode()


def store_and_enter(store: Store, batch: EventBatch) -> None:
    async def both() -> None:
        sink = Sink(store, SystemClock())
        try:
            await sink.store(batch, FreshPermit())
            await sink.enter(batch, "catalogue", FreshPermit())
        finally:
            sink.close()

    asyncio.run(both())


@pytest.mark.parametrize(
    ("table", "schema"),
    [
        ("events", EVENTS),
        ("dead_letters", DEAD_LETTERS),
        ("dropped_keys", DROPPED_KEYS),
        ("tag_values", TAG_VALUES),
        ("tag_overflows", TAG_OVERFLOWS),
        ("ingest_ledger", LEDGER),
    ],
)
def test_columns_are_the_tables(store: Store, table: str, schema: object) -> None:
    found = store.rows(
        "SELECT name FROM system.columns WHERE database = currentDatabase()"
        " AND table = {table:String} AND default_kind IN ('', 'DEFAULT') ORDER BY position",
        {"table": table},
    )
    assert sorted(name for (name,) in found) == sorted(field.name for field in schema)  # type: ignore[attr-defined]


@pytest.mark.requirement("GAME-01", "METRIC-48", "IDENT-01", "WEBAPP-04", "LINK-01")
def test_every_field_of_an_event_is_stored(store: Store) -> None:
    sent = {
        "tenant": "t-1",
        "kind": "gauge",
        "measurements": {"b": 2.5, "a": 1},
        "tags": {"z": "1", "k": "2"},
        "unit": "ms",
        "source": "service:api",
        "entity": "link:7",
        "actor": "ann",
        "aggregation": "P95",
        "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        "label": "batch",
    }
    store_and_enter(store, batch_of(5, [event(**sent)]))
    ((row,),) = store.rows(
        "SELECT tuple(tenant, kind, measurements, tags, unit, source, entity, length(actor),"
        " aggregation, traceparent, label, topic, partition, offset, schema_version) FROM events"
    )
    assert row == (
        *("t-1", "gauge", {"a": 1.0, "b": 2.5}, {"k": "2", "z": "1"}, "ms", "service:api"),
        *("link:7", 32, "P95", sent["traceparent"], "batch", "events", 0, 5, 1),
    )


def test_a_repeat_changes_nothing_anywhere(store: Store) -> None:
    batch = batch_of(0, [event(tags={"email": "x"}), event(), b"{"])
    for _ in range(3):
        store_and_enter(store, batch)
    counts = {
        table: store.rows(f"SELECT count() FROM {table}")[0][0]
        for table in ("events", "dead_letters", "dropped_keys", "ingest_ledger")
    }
    assert counts == {"events": 2, "dead_letters": 1, "dropped_keys": 1, "ingest_ledger": 1}
    assert store.rows("SELECT sum(events) FROM rollup_1d") == [(2,)]


@pytest.mark.requirement("METRIC-14")
def test_recent_ids_come_back_as_they_were_at_an_offset(store: Store) -> None:
    batch = batch_of(10, [event() for _ in range(6)])
    store_and_enter(store, batch)
    recent = RecentIds(limit=4, seconds=600)
    recall(store, Past("log", "events", 0, before=15), recent)
    later = batch.keep(np.array([False, True, True, True, True, True]))
    assert recent.fresh(later).tolist() == [False, False, False, False, True]


def test_a_redriven_row_is_in_nobodys_memory_of_the_past(store: Store) -> None:
    batch = batch_of(10, [event() for _ in range(3)])
    store_and_enter(store, batch)
    store.command(
        "INSERT INTO letter_jobs (log, topic, partition, redriven, refused) VALUES"
        " ('log', 'events', 0, [11], [12]), ('log', 'events', 1, [10], [])"
    )
    recent = RecentIds(limit=10, seconds=600)
    recall(store, Past("log", "events", 0, before=20), recent)
    assert recent.fresh(batch).tolist() == [False, True, False]


def test_a_constraint_of_the_store_refuses_rows_and_not_their_range(store: Store) -> None:
    store.command("ALTER TABLE events ADD CONSTRAINT few CHECK mapContains(tags, 'bad') = 0")
    batch = batch_of(10, [event(), event(tags={"bad": "1"}), event(), event(tags={"bad": "2"})])
    with pytest.raises(RowsRefused) as raised:
        store_and_enter(store, batch)
    assert raised.value.offsets == (11, 13)
    assert store.rows("SELECT count() FROM events") == [(0,)]
    store_and_enter(store, batch.refuse(raised.value.offsets))
    assert store.rows("SELECT offset FROM events ORDER BY offset") == [(10,), (12,)]
    assert store.rows("SELECT sum(events) FROM rollup_1d") == [(2,)]
    assert store.rows("SELECT offset FROM dead_letters ORDER BY offset") == [(11,), (13,)]
    assert store.rows("SELECT stored, rejected, refused FROM ingest_ledger") == [(2, 2, [11, 13])]
    assert not store.rows("SHOW TABLES LIKE '%probe%'")


def test_a_view_that_throws_is_no_rows_fault_and_is_waited_out(store: Store) -> None:
    store.command("CREATE TABLE throwing (n UInt8) ENGINE = MergeTree ORDER BY n")
    store.command("INSERT INTO throwing VALUES (1)")
    store.command("CREATE TABLE target (offset UInt64) ENGINE = MergeTree ORDER BY offset")
    store.command(
        "CREATE MATERIALIZED VIEW other_view TO target AS SELECT offset FROM events"
        " WHERE NOT throwIf((SELECT count() FROM throwing) > 0)"
    )
    slept = []

    async def both() -> None:
        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 3:
                store.command("TRUNCATE TABLE throwing")

        sink = Sink(store, SystemClock(), sleep=sleep)
        try:
            await sink.store(batch_of(0, [event() for _ in range(5)]), FreshPermit())
        finally:
            sink.close()

    asyncio.run(both())
    assert store.rows("SELECT count() FROM events") == [(5,)]
    assert store.rows("SELECT sum(events) FROM rollup_1d") == [(5,)]
    assert store.rows("SELECT count() FROM dead_letters") == [(0,)]


def test_a_log_keeps_its_generation_until_it_is_not_the_ledgers_any_more(store: Store) -> None:
    assert generations.current(store, "events") is None
    first = generations.settle(store, "events", {0: 0})
    assert generations.settle(store, "events", {0: 0}) == first
    store_and_enter(store, batch_of(0, [event()], log=first))
    assert generations.settle(store, "events", {0: 1}) == first
    second = generations.settle(store, "events", {0: 0})
    assert second != first
    assert generations.current(store, "events") == second


def test_kafkas_id_of_a_topic_tells_its_lives_apart_whatever_their_length(store: Store) -> None:
    first = generations.settle(store, "events", {0: 0})
    assert generations.settle(store, "events", {0: 0}, "one") == first, "an id is added"
    assert generations.settle(store, "events", {0: 0}, "one") == first
    store_and_enter(store, batch_of(0, [event()], log=first))
    assert not generations.made_anew(store, "events")
    second = generations.settle(store, "events", {0: 900}, "two")
    assert generations.made_anew(store, "events")
    assert second != first
    assert generations.settle(store, "events", {0: 900}, "two") == second
    assert generations.current(store, "events") == second


def test_catalogues_are_kept_under_their_fingerprint(store: Store) -> None:
    catalogue = load_catalogue()

    async def keep_and_read() -> str:
        sink = Sink(store, SystemClock())
        try:
            await sink.keep_catalogue(catalogue)
            await sink.keep_catalogue(catalogue)
            with pytest.raises(ConfigurationError, match="not in the store's table catalogues"):
                await sink.catalogue("unknown")
            return (await sink.catalogue(catalogue.fingerprint)).fingerprint
        finally:
            sink.close()

    assert asyncio.run(keep_and_read()) == catalogue.fingerprint
    assert store.rows("SELECT count() FROM catalogues") == [(1,)]


@pytest.mark.requirement("METRIC-49", "METRIC-51")
def test_late_and_early_events_find_a_partition_of_their_own(store: Store) -> None:
    now = datetime.now(UTC)
    times = [now - timedelta(days=days) for days in (0, 1, 20, 29)]
    records = [event(occurred_at=time.isoformat().replace("+00:00", "Z")) for time in times]
    store_and_enter(store, batch_of(0, records))
    found = store.rows(
        "SELECT DISTINCT partition FROM system.parts WHERE database = currentDatabase()"
        " AND table = 'events' AND active ORDER BY partition"
    )
    assert len(found) == 4
    assert all("default" in partition for (partition,) in found)
