"""No view changes under an open intent: migrate and worker --drain on a real broker."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from typer.testing import CliRunner
from workers import events, publish, scalar, settings_for

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.clickhouse.lease import LeaseHeld, lease
from millrace.clickhouse.migrations import Migration, all_migrations
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import ConfigurationError
from millrace.streams import generations
from millrace.streams.cli import migrate as command
from millrace.streams.clock import SystemClock
from millrace.streams.intent import Intent
from millrace.streams.local.environment import environment_of
from millrace.streams.local.ports import free_ports
from millrace.streams.log_positions import log_ends
from millrace.streams.open_intents import open_intents, read_group
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.sink import Sink
from millrace.streams.topics import Topics

pytestmark = pytest.mark.integration

EXTRA = """-- why
CREATE TABLE copies (name String) ENGINE = MergeTree ORDER BY name;
CREATE MATERIALIZED VIEW copies_view TO copies AS SELECT name FROM events;
"""


def run_migrate(settings: Settings, *arguments: str) -> tuple[str, BaseException | None]:
    result = CliRunner().invoke(command.app, list(arguments), env=environment_of(settings, {}))
    return result.output, result.exception


async def commit(kafka: KafkaSettings, topic: str, offset: int, metadata: str) -> None:
    """Set the group's offset from outside, as an administrator would."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id=kafka.group, enable_auto_commit=False
    )
    place = TopicPartition(topic, 0)
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.commit({place: OffsetAndMetadata(offset, metadata)})
    finally:
        await consumer.stop()


def leave_open(settings: Settings, store: Store, records: int) -> Intent:
    """Publish records and leave a range over those of partition 0 open, as a killed worker does."""
    asyncio.run(publish(settings.kafka, events(records * settings.kafka.partitions)))
    topic = Topics(settings.kafka.topic_prefix).events
    log = generations.settle(store, topic, asyncio.run(log_ends(settings.kafka, topic)))
    catalogue = load_catalogue()

    async def keep() -> None:
        sink = Sink(store, SystemClock())
        await sink.keep_catalogue(catalogue)
        sink.close()

    asyncio.run(keep())
    intent = Intent(records, catalogue.fingerprint, log)
    asyncio.run(commit(settings.kafka, topic, 0, intent.metadata()))
    return intent


@pytest.fixture
def extra_view(monkeypatch: pytest.MonkeyPatch) -> str:
    """A migration to come that makes a view."""
    released = all_migrations()
    extra = Migration(len(released) + 1, "copies", EXTRA, "")
    monkeypatch.setattr(migrate, "all_migrations", lambda: (*released, extra))
    return extra.label


def enter_something(store: Store) -> None:
    store.command("INSERT INTO ingest_ledger (log, topic, end_offset) VALUES ('l', 't', 1)")


def test_open_ranges_and_members_keep_a_view_as_it_is(
    kafka_settings: KafkaSettings, store: Store, store_url: str, extra_view: str
) -> None:
    settings = settings_for(kafka_settings, store_url)
    intent = leave_open(settings, store, 5)
    enter_something(store)
    topic = Topics(settings.kafka.topic_prefix).events
    _, error = run_migrate(settings)
    assert isinstance(error, ConfigurationError)
    assert f"{extra_view} changes views, but these ranges are open: {topic}-0 [0, 5)" in str(error)
    assert "millrace worker --drain" in str(error)

    asyncio.run(commit(settings.kafka, topic, intent.end, ""))
    assert asyncio.run(open_intents(settings)) == []

    async def as_a_member() -> BaseException | None:
        member = AIOKafkaConsumer(
            topic,
            bootstrap_servers=settings.kafka.bootstrap_servers,
            group_id=settings.kafka.group,
            enable_auto_commit=False,
        )
        await member.start()
        try:
            assert (await read_group(settings.kafka)).members == 1
            return (await asyncio.to_thread(run_migrate, settings))[1]
        finally:
            await member.stop()

    error = asyncio.run(as_a_member())
    assert isinstance(error, ConfigurationError)
    assert "1 workers are in the group" in str(error)
    assert run_migrate(settings) == (f"Applied {extra_view}\nThe store is up to date.\n", None)


def test_without_kafka_a_view_changes_only_by_order(
    store: Store, store_url: str, extra_view: str
) -> None:
    (port,) = free_ports(1)
    settings = settings_for(KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}"), store_url)
    enter_something(store)
    _, error = run_migrate(settings)
    assert isinstance(error, ConfigurationError)
    assert "--offline" in str(error)
    job = "INSERT INTO letter_jobs (number, job, state) VALUES (1, 'j', '{}')"
    store.command(job.format("begun"))
    _, error = run_migrate(settings, "--offline")
    assert isinstance(error, ConfigurationError)
    assert "a job on dead letters is unfinished" in str(error)
    store.command(job.format("done"))
    output, error = run_migrate(settings, "--offline")
    assert (output, error) == (f"Applied {extra_view}\nThe store is up to date.\n", None)


def test_a_fresh_store_and_a_plain_table_need_no_kafka(
    empty_store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    settings = settings_for(KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}"), store_url)
    assert run_migrate(settings)[1] is None
    enter_something(empty_store)
    released = all_migrations()
    text = "-- why\nALTER TABLE ingest_ledger ADD COLUMN more UInt8;\n"
    plain = Migration(len(released) + 1, "more", text, "")
    monkeypatch.setattr(migrate, "all_migrations", lambda: (*released, plain))
    output, error = run_migrate(settings)
    assert (output, error) == (f"Applied {plain.label}\nThe store is up to date.\n", None)


def test_one_migrates_at_a_time(empty_store: Store, store_url: str) -> None:
    settings = settings_for(KafkaSettings(), store_url)
    with lease(empty_store, "migrate", owner="another", seconds=60, now=lambda: datetime.now(UTC)):
        _, error = run_migrate(settings)
        assert isinstance(error, LeaseHeld)
        assert "migrate is held by another" in str(error)
    assert {entry.state for entry in migrate.status(empty_store)} == {"down"}
    assert run_migrate(settings)[1] is None


def test_drain_completes_the_open_range_and_ends(
    kafka_settings: KafkaSettings, store: Store, store_url: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka_settings, store_url)
    intent = leave_open(settings, store, 50)

    def drain() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "millrace.streams.cli", "worker", "--drain"],
            env=environment_of(settings, os.environ),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    done = drain()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 ranges were completed, none is open" in done.stderr + done.stdout
    assert asyncio.run(open_intents(settings)) == []
    assert (
        scalar(
            store,
            "SELECT count() FROM events WHERE partition = 0 AND log = "
            f"'{intent.log}' AND offset < 50",
        )
        == 50
    )
    again = drain()
    assert again.returncode == 0
    assert "nothing to drain" in again.stderr + again.stdout
