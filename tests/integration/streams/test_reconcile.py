"""The proof on a real broker and the real engine: what is wrong is named by its offset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from workers import events, publish, settings_for

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Report
from millrace.schemas.catalogue_files import load_catalogue
from millrace.streams import generations
from millrace.streams.batch import EventBatch
from millrace.streams.clock import SystemClock
from millrace.streams.decode import Decoder
from millrace.streams.duplicates import RecentIds
from millrace.streams.kept_catalogues import keep_catalogue
from millrace.streams.log_positions import log_ends
from millrace.streams.log_spans import reader
from millrace.streams.reconcile import prove
from millrace.streams.reconcile_schedule import ReconcileSchedule
from millrace.streams.record_batch import record_batch
from millrace.streams.settings import KafkaSettings, ReconcileSettings, Settings
from millrace.streams.topics import Topics, administrator

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("at_once")]

ROLLUPS = ("rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")


@pytest.fixture
def settings(kafka_settings: KafkaSettings, store_url: str) -> Settings:
    return settings_for(kafka_settings.model_copy(update={"partitions": 2}), store_url)


async def store_log(
    settings: Settings, store: Store, *, size: int = 20, refused: Sequence[int] = ()
) -> None:
    """Store what is in the log as workers do, in ranges of ``size`` offsets."""
    topic = Topics(settings.kafka.topic_prefix).events
    ends = await log_ends(settings.kafka, topic)
    log = generations.settle(store, topic, ends)
    catalogue = load_catalogue()
    keep_catalogue(store, catalogue, datetime.now(UTC))
    key = settings.actor_key.get_secret_value().encode()
    async with reader(settings.kafka) as consumer:
        for partition, end in ends.items():
            place = TopicPartition(topic, partition)
            consumer.assign([place])
            consumer.seek(place, 0)
            records = []
            while await consumer.position(place) < end:
                records += (await consumer.getmany(place, timeout_ms=200)).get(place, [])
            recent = RecentIds(1000, 600)
            for first in range(0, end, size):
                stop = min(first + size, end)
                part = [one for one in records if first <= one.offset < stop]
                if part or records:
                    raw = record_batch(
                        topic,
                        partition,
                        first,
                        [one.offset for one in part],
                        [one.timestamp for one in part],
                        [one.value for one in part],
                    )
                    batch = Decoder(catalogue, key).decode(raw, log)
                    batch = batch.keep(recent.fresh(batch)).refuse(
                        [one for one in refused if first <= one < stop]
                    )
                    recent.remember(batch)
                    enter(store, batch, catalogue.fingerprint, stop)


def enter(store: Store, batch: EventBatch, catalogue: str, end: int) -> None:
    """Store one range and enter it into the ledger."""
    store.insert("events", batch.rows, batch.token)
    for place, letters in enumerate(batch.dead_letters()):
        store.insert("dead_letters", letters, f"{batch.token}:{place}")
    row = batch.ledger(catalogue, int(datetime.now(UTC).timestamp() * 1000))
    wide = row.set_column(
        row.schema.get_field_index("end_offset"), "end_offset", pa.array([end], pa.uint64())
    )
    store.insert("ingest_ledger", wide, batch.token)


def fill(settings: Settings, store: Store) -> None:
    """200 events and 20 bad ones over two partitions, all of it stored."""
    good = events(200)
    asyncio.run(publish(settings.kafka, [*good[:100], *([b"{"] * 20), *good[100:]]))
    asyncio.run(store_log(settings, store))


def proof(settings: Settings, store: Store, records: int | None = None) -> Report:
    return asyncio.run(prove(settings, store, patience=0, records=records))


def delete(store: Store, table: str, condition: str) -> None:
    store.command(f"ALTER TABLE {table} DELETE WHERE {condition}", settings={"mutations_sync": 2})


@asynccontextmanager
async def transactions(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        transactional_id=settings.kafka.group,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@pytest.mark.requirement("METRIC-45")
def test_all_or_only_the_newest_records_are_read_again(settings: Settings, store: Store) -> None:
    fill(settings, store)
    report = proof(settings, store)
    assert report.differences == []
    assert (report.reread, report.records) == (220, 220)
    report = proof(settings, store, records=50)
    assert report.differences == []
    # Whole ranges of 20 each; the last of a partition has 10.
    assert 30 <= report.reread <= 50
    report = proof(settings, store, records=0)
    assert (report.differences, report.reread) == ([], 0)
    assert report.checks > 0


def test_a_lost_row_is_named_by_its_offset(settings: Settings, store: Store) -> None:
    fill(settings, store)
    delete(store, "events", "partition = 1 AND offset = 33")
    topic = Topics(settings.kafka.topic_prefix).events
    report = proof(settings, store, records=0)
    assert report.differences[0] == (
        f"events, {topic} partition 1, range 20 to 40: expected 20 rows, found 19;"
        " offset 33 is missing"
    )
    assert {one.table for one in report.found} == {"events", *ROLLUPS}


def test_a_lost_dead_letter_is_named_by_its_offset(settings: Settings, store: Store) -> None:
    fill(settings, store)
    delete(store, "dead_letters", "partition = 0 AND offset = 52")
    topic = Topics(settings.kafka.topic_prefix).events
    assert proof(settings, store, records=0).differences == [
        f"dead_letters, {topic} partition 0, range 40 to 60: expected 10 letters, found 9;"
        " offset 52 is missing"
    ]


def test_a_row_that_was_never_sent_is_named_by_its_offset(settings: Settings, store: Store) -> None:
    fill(settings, store)
    # It takes the place of another, so that every count is right and only the log can tell.
    store.command(
        "ALTER TABLE events UPDATE offset = 51 WHERE partition = 0 AND offset = 62",
        settings={"mutations_sync": 2},
    )
    found = proof(settings, store).differences
    assert len(found) == 1
    assert found[0].endswith("; offset 51 should not be there")


def test_a_changed_value_is_found_where_only_the_log_knows_it(
    settings: Settings, store: Store
) -> None:
    fill(settings, store)
    store.command(
        "ALTER TABLE events UPDATE measurements = map('value', 1e6) WHERE partition = 0"
        " AND offset = 7",
        settings={"mutations_sync": 2},
    )
    found = proof(settings, store).differences
    assert any(text.startswith("events, ") and "expected the sum" in text for text in found)


def test_rows_that_the_store_refused_are_rejected_when_read_again(
    settings: Settings, store: Store
) -> None:
    asyncio.run(publish(settings.kafka, events(60)))
    asyncio.run(store_log(settings, store, refused=[4, 5]))
    assert proof(settings, store).differences == []
    assert store.rows("SELECT sum(length(refused)), sum(rejected) FROM ingest_ledger") == [(4, 4)]


def test_marks_of_transactions_are_no_records(settings: Settings, store: Store) -> None:
    topic = Topics(settings.kafka.topic_prefix).events

    async def send() -> None:
        await publish(settings.kafka, events(10))
        async with transactions(settings) as producer:
            for commits in (True, False, True, False):
                await producer.begin_transaction()
                for event in events(3):
                    await producer.send_and_wait(topic, event, partition=0)
                await (producer.commit_transaction if commits else producer.abort_transaction)()
        await store_log(settings, store)

    asyncio.run(send())
    # The worker's last range ends with its last record: the marks after it are not in the ledger.
    ((end,),) = store.rows("SELECT max(offset) + 1 FROM events WHERE partition = 0")
    delete(store, "ingest_ledger", "partition = 0")
    ((log, count),) = store.rows("SELECT any(log), count() FROM events WHERE partition = 0")
    store.command(
        "INSERT INTO ingest_ledger (log, topic, partition, first_offset, end_offset, delivered,"
        " stored, first_day, last_day, catalogue, flushed_at) SELECT"
        f" '{log}', '{topic}', 0, 0, {end}, {count}, {count}, min(toDate(occurred_at)),"
        " max(toDate(occurred_at)), (SELECT any(fingerprint) FROM catalogues), now64(3) FROM events"
    )
    report = proof(settings, store)
    assert report.differences == []
    assert report.gaps > 3


def test_what_no_worker_stores_is_a_difference_of_the_end(settings: Settings, store: Store) -> None:
    fill(settings, store)
    asyncio.run(publish(settings.kafka, events(4)))
    topic = Topics(settings.kafka.topic_prefix).events
    assert proof(settings, store).differences == [
        f"ingest_ledger, {topic} partition {partition}, end: expected 112, found 110; offset 110 is"
        " the first of the log that no worker has stored"
        for partition in (0, 1)
    ]
    waiting = asyncio.run(prove(settings, store, patience=None))
    assert waiting.differences == []


def test_a_log_that_was_deleted_before_it_was_stored_is_named(
    settings: Settings, store: Store
) -> None:
    fill(settings, store)
    asyncio.run(publish(settings.kafka, events(20)))
    topic = Topics(settings.kafka.topic_prefix).events

    async def forget() -> None:
        async with administrator(settings.kafka) as admin:
            await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(115)})

    asyncio.run(forget())
    found = asyncio.run(prove(settings, store, patience=None)).differences
    assert found == [
        f"ingest_ledger, {topic} partition 0, offsets 110 to 115: 5 offsets are lost: Kafka deleted"
        " them before a worker stored them; give the topic a longer retention than any outage"
    ]


def test_a_log_that_has_forgotten_what_is_stored_is_no_difference(
    settings: Settings, store: Store
) -> None:
    fill(settings, store)
    topic = Topics(settings.kafka.topic_prefix).events

    async def forget() -> None:
        async with administrator(settings.kafka) as admin:
            await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(33)})

    asyncio.run(forget())
    report = proof(settings, store)
    assert report.differences == []
    # Of partition 0 the range that begins at 40 is the first that is there as a whole.
    assert report.reread == 70 + 110


def test_a_topic_that_was_made_anew_is_named(settings: Settings, store: Store) -> None:
    fill(settings, store)
    row = (
        "log, topic, partition, 110, 500, 0, 0, 0, 0, [], first_day, last_day, catalogue, now64(3)"
    )
    store.command(
        f"INSERT INTO ingest_ledger SELECT {row} FROM ingest_ledger"
        " WHERE partition = 0 AND end_offset = 110"
    )
    found = proof(settings, store, records=0).differences
    assert any("offsets 110 to 500: the log ends before the ledger" in text for text in found)


@pytest.mark.requirement("GAME-30")
def test_a_worker_proves_on_a_schedule(settings: Settings, store: Store, store_url: str) -> None:
    fill(settings, store)
    delete(store, "rollup_5m", "1")
    settings = settings.model_copy(update={"reconcile": ReconcileSettings()})
    sent: list[dict[str, Any]] = []

    async def once() -> None:
        done = asyncio.Event()

        async def send(events: list[dict[str, Any]]) -> None:
            sent.extend(events)
            done.set()

        async def sleep(seconds: float) -> None:
            if sent:
                await asyncio.Event().wait()

        schedule = ReconcileSchedule(
            settings, lambda: Store.connect(store_url), SystemClock(), send, sleep=sleep
        )
        schedule.start()
        await done.wait()
        schedule.stop()

    asyncio.run(once())
    assert sent[0]["measurements"]["differences"] > 0
    assert {one["tags"]["table"] for one in sent[1:]} == {"rollup_5m"}
