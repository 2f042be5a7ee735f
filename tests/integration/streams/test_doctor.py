"""What doctor and a worker's start find on the real engine and a real broker."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from workers import events, publish, scalar, settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.schemas.errors import ConfigurationError
from millrace.streams import generations
from millrace.streams.doctor.broker import check_broker
from millrace.streams.doctor.clocks import check_store_clock
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.doctor.positions import check_positions
from millrace.streams.doctor.store import check_store
from millrace.streams.intent import Intent
from millrace.streams.log_positions import log_ends
from millrace.streams.settings import KafkaSettings, Settings, SinkSettings
from millrace.streams.topics import Topics
from millrace.streams.worker import run

pytestmark = pytest.mark.integration


def faults(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.level is Level.FAULT]


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        pytest.param((), "", id="as it should be"),
        pytest.param(
            ("ALTER TABLE rollup_1h MODIFY SETTING non_replicated_deduplication_window = 1000",),
            "the deduplication window is below 100,000 in rollup_1h",
            id="a short window on one target",
        ),
        pytest.param(
            (
                "CREATE MATERIALIZED VIEW own ENGINE = MergeTree ORDER BY name"
                " AS SELECT name FROM rollup_1m",
            ),
            "the deduplication window is below 100,000 in .inner_id.",
            id="a user's own view",
        ),
        pytest.param(("DROP VIEW rollup_1d_view SYNC",), "rollup_1d_view is missing", id="no view"),
        pytest.param(
            ("ALTER TABLE rollup_5m_view MODIFY QUERY SELECT * FROM rollup_1m",),
            "the view rollup_5m_view selects something else",
            id="another query",
        ),
    ],
)
def test_the_store(store: Store, store_url: str, statements: tuple[str, ...], fault: str) -> None:
    for statement in statements:
        store.command(statement)
    settings = settings_for(KafkaSettings(), store_url)
    found = faults(check_store(settings.clickhouse))
    assert len(found) == (1 if fault else 0), found
    assert fault in " ".join(found)
    if fault:
        with pytest.raises(ConfigurationError, match=r"millrace doctor"):
            run(settings)


def test_draining_with_a_newer_version_is_pointed_to_the_older_one(
    empty_store: Store, store_url: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"--drain with the version that ran last"):
        run(settings_for(KafkaSettings(), store_url), drain=True)


def test_an_empty_store_only_misses_its_migrations(empty_store: Store, store_url: str) -> None:
    settings = settings_for(KafkaSettings(), store_url)
    found = faults(check_store(settings.clickhouse))
    assert found
    assert all(text.startswith("migration ") for text in found)
    assert [one.level for one in check_store_clock(settings.clickhouse)] == [Level.OK]


async def set_offset(kafka: KafkaSettings, offset: int, metadata: str = "") -> None:
    place = TopicPartition(Topics(kafka.topic_prefix).events, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id=kafka.group, enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign([place])
    await consumer.commit({place: OffsetAndMetadata(offset, metadata)})
    await consumer.stop()


async def forget(kafka: KafkaSettings, before: int) -> None:
    """Let the log of partition 0 begin later, as retention does."""
    place = TopicPartition(Topics(kafka.topic_prefix).events, 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    await admin.delete_records({place: RecordsToDelete(before_offset=before)})
    await admin.close()


def begun(settings: Settings, store: Store) -> str:
    """Publish ten records a partition and enter the first four of partition 0 into the ledger."""
    asyncio.run(publish(settings.kafka, events(10 * settings.kafka.partitions)))
    topic = Topics(settings.kafka.topic_prefix).events
    log = generations.settle(store, topic, asyncio.run(log_ends(settings.kafka, topic)))
    store.command(
        "INSERT INTO ingest_ledger (log, topic, partition, end_offset, delivered, stored)"
        f" VALUES ('{log}', '{topic}', 0, 4, 4, 4)"
    )
    return log


def test_group_log_and_ledger(kafka_settings: KafkaSettings, store: Store, store_url: str) -> None:
    settings = settings_for(kafka_settings, store_url)
    assert faults(asyncio.run(check_positions(settings))) == []
    log = begun(settings, store)
    assert faults(asyncio.run(check_broker(settings.kafka))) == []

    def found() -> str:
        return " ".join(faults(asyncio.run(check_positions(settings))))

    assert "has no offset" in found()
    asyncio.run(set_offset(settings.kafka, 7))
    assert "is 7 but the ledger ends at 4" in found()
    asyncio.run(set_offset(settings.kafka, 4))
    assert found() == ""
    asyncio.run(set_offset(settings.kafka, 4, Intent(9, "nobody kept it", log).metadata()))
    assert "is not kept" in found()
    asyncio.run(set_offset(settings.kafka, 4))
    asyncio.run(forget(settings.kafka, before=6))
    assert "2 offsets of" in found()


def test_a_session_timeout_that_the_broker_refuses(kafka_settings: KafkaSettings) -> None:
    long = kafka_settings.model_copy(update={"session_timeout": 1e6})
    (found,) = faults(asyncio.run(check_broker(long)))
    assert "session timeout" in found


def test_a_running_worker_is_no_fault(
    kafka_settings: KafkaSettings, store: Store, store_url: str, tmp_path: Path
) -> None:
    settings = settings_for(
        kafka_settings, store_url, sink=SinkSettings(max_rows=500, max_seconds=0.1)
    )
    asyncio.run(publish(settings.kafka, events(20_000)))
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(
            lambda: scalar(store, "SELECT count() FROM ingest_ledger") > 0, "the first range"
        )
        for _ in range(5):
            assert faults(asyncio.run(check_positions(settings))) == []
        assert running.terminate() == 0
    assert faults(asyncio.run(check_positions(settings))) == []
