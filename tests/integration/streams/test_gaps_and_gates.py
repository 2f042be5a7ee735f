"""A real worker where the log has gaps, and where too much of it is refused."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from workers import events, publish, scalar, settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.streams.cli import main
from millrace.streams.local.environment import environment_of
from millrace.streams.reconcile import prove
from millrace.streams.settings import (
    KafkaSettings,
    ReconcileSettings,
    RefusalSettings,
    Settings,
    SinkSettings,
)
from millrace.streams.topics import Topics

pytestmark = pytest.mark.integration

_SERVICES = "endsWith(topic, 'telemetry.events')"


def accounted(store: Store) -> int:
    sql = f"SELECT sum(stored + rejected + duplicate) FROM ingest_ledger WHERE {_SERVICES}"
    return int(scalar(store, sql))


def assert_proved(settings: Settings, store: Store) -> None:
    report = asyncio.run(prove(settings, store, patience=30, records=None))
    assert report.ok, report.differences


async def publish_in_transactions(kafka: KafkaSettings, count: int) -> tuple[int, int]:
    """Publish ``count`` transactions, every other one taken back; returns kept and taken back."""
    kept = aborted = 0
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, transactional_id=kafka.topic_prefix
    )
    await producer.start()
    try:
        for number in range(count):
            records = events(10)
            await producer.begin_transaction()
            for record in records:
                await producer.send(Topics(kafka.topic_prefix).events, record, partition=number % 2)
            if number % 4 < 2:
                await producer.commit_transaction()
                kept += len(records)
            else:
                await producer.flush()
                await producer.abort_transaction()
                aborted += len(records)
    finally:
        await producer.stop()
    return kept, aborted


@pytest.mark.requirement("METRIC-45")
def test_what_a_transaction_took_back_never_counts_and_its_gaps_lose_nothing(
    kafka_settings: KafkaSettings, store: Store, store_url: str, tmp_path: Path
) -> None:
    kafka = kafka_settings.model_copy(update={"session_timeout": 3.0})
    settings = settings_for(kafka, store_url, sink=SinkSettings(max_rows=25, max_seconds=0.1))
    asyncio.run(publish(kafka, events(20)))
    kept, aborted = asyncio.run(publish_in_transactions(kafka, 16))
    assert (kept, aborted) == (80, 80)
    log = tmp_path / "worker.log"
    with worker(settings, log) as running:
        wait_until(lambda: accounted(store) >= 40, "the first ranges")
        running.kill()
    more, _ = asyncio.run(publish_in_transactions(kafka, 16))
    with worker(settings, log) as running:
        wait_until(lambda: accounted(store) >= 20 + kept + more, "the rest")
        assert running.terminate() == 0
    assert scalar(store, f"SELECT count() FROM events WHERE {_SERVICES}") == 20 + kept + more
    gaps = scalar(
        store,
        f"SELECT sum(end_offset - first_offset - delivered) FROM ingest_ledger WHERE {_SERVICES}",
    )
    assert gaps >= aborted, "the ranges have no gaps to test"
    assert "are lost" not in log.read_text()
    assert_proved(settings, store)


def test_a_bad_deploy_pauses_its_partition_and_a_command_resumes_it(
    kafka_settings: KafkaSettings,
    store: Store,
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refusals = RefusalSettings(window=200, max_consecutive=0, look_seconds=0.2)
    kafka = kafka_settings.model_copy(update={"partitions": 2})
    settings = settings_for(kafka, store_url, refusals=refusals)
    bad_and_good = [record for good in events(600) for record in (b"{", good)]
    asyncio.run(publish(kafka, bad_and_good))  # the bad ones to partition 0
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(lambda: "telemetry.events-0 is paused" in running.text, "the pause")
        wait_until(lambda: accounted(store) >= 600, "the other partition to go on")
        assert scalar(store, "SELECT count() FROM dead_letters") == 0
        for name, value in environment_of(settings, {}).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(["dead-letters", "resume"])
        assert ended.value.code in (0, None)
        assert "telemetry.events" in capsys.readouterr().out
        wait_until(lambda: accounted(store) >= 1200, "the paused partition to go on")
        assert running.terminate() == 0
    assert scalar(store, "SELECT count() FROM dead_letters") == 600
    assert_proved(settings, store)


@pytest.mark.requirement("GAME-30")
def test_intervals_closed_while_no_worker_ran_are_rolled_up_and_proved(
    kafka_settings: KafkaSettings, store: Store, store_url: str, tmp_path: Path
) -> None:
    settings = settings_for(kafka_settings, store_url, reconcile=ReconcileSettings())
    before = (datetime.now(UTC) - timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    asyncio.run(publish(settings.kafka, events(300, occurred_at=before)))
    finished = "SELECT max(measurements['differences'] + 1) FROM events WHERE name ="
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(lambda: accounted(store) >= 300, "the backlog")
        wait_until(
            lambda: scalar(store, f"{finished} 'millrace.reconcile.finished'") > 0, "the proof"
        )
        assert scalar(store, f"{finished} 'millrace.reconcile.finished'") == 1, "differences"
        assert running.terminate() == 0
    for table in ("rollup_1m", "rollup_1h"):
        count = f"SELECT sum(events) FROM {table} WHERE bucket < now() - INTERVAL 1 HOUR"
        assert scalar(store, count) == 300
    assert "Not reconciled" not in running.text
