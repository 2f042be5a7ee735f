"""A real worker between a real broker and the real engine: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from store_shape import migrated
from workers import events, publish, scalar, settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.streams.cli import main
from millrace.streams.local.environment import environment_of
from millrace.streams.reconcile import prove
from millrace.streams.settings import KafkaSettings, Settings, SinkSettings

pytestmark = pytest.mark.integration

#: Enough for four kills of the store.
MANY = 100_000 if os.environ.get("FAULTS_LONG") == "1" else 40_000
#: What services sent, without the worker's own telemetry.
SERVICES = "endsWith(topic, 'telemetry.events')"
ROLLUPS = ("rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")


def stored(store: Store) -> int:
    return int(scalar(store, f"SELECT count() FROM events WHERE {SERVICES}"))


def accounted(store: Store) -> int:
    return int(
        scalar(
            store,
            f"SELECT sum(stored + rejected + duplicate) FROM ingest_ledger WHERE {SERVICES}",
        )
    )


def holds_more_than(store: Store, count: float) -> Callable[[], bool]:
    return lambda: stored(store) > count


def reaches(store: Store, count: int) -> Callable[[], bool]:
    return lambda: accounted(store) >= count


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


def assert_proved(settings: Settings, store: Store) -> None:
    report = asyncio.run(prove(settings, store, patience=30))
    assert report.ok, report.differences
    assert report.checks > 0


def bad_records() -> list[bytes | None]:
    """One of each kind of bad input, between them all reasons that one record can show."""
    (sound,) = events(1)
    document = json.loads(sound)

    def but(**fields: Any) -> bytes:
        return json.dumps({**document, **fields}).encode()

    return [
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        None,
        b"",
        but(value="12"),
        but(value=float("nan")),
        but(value=float("inf")),
        but(name=""),
        but(name="n" * 256),
        but(name="bezgelor.nobody.knows"),
        but(tags={f"k{n}": "v" for n in range(21)}),
        but(tags={"k": "v" * 101}),
        but(tags={"k": "v" * 10_000}),
        but(tags={"k" * 51: "v"}),
        but(schema_version=2),
        but(occurred_at="2126-01-01T00:00:00Z"),
        but(occurred_at="2020-01-01T00:00:00Z"),
        but(tags={"k": "x" * (1024 * 1024 - 1200)}),
    ]


@pytest.mark.requirement("GAME-09", "GAME-16", "METRIC-11", "METRIC-48", "WEBAPP-13")
def test_bad_input_beside_good(
    kafka_settings: KafkaSettings, store: Store, store_url: str, tmp_path: Path
) -> None:
    hostile = "'; DROP TABLE events; -- <script>alert(1)</script>"
    fine = [
        *events(500),
        *events(20, tags={"note": hostile}, unit=hostile[:50], label=hostile[:90], actor=hostile),
        *(event for n in range(50) for event in events(1, tags={"shard": str(n)})),
    ]
    twice = fine[:30]
    bad = bad_records()
    settings = settings_for(kafka_settings, store_url)
    asyncio.run(publish(settings.kafka, [*fine[:300], *bad, *fine[300:]]))
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(reaches(store, len(fine) + len(bad)), "all to be stored")
        # Sent again to the partitions that they went to first.
        asyncio.run(publish(settings.kafka, twice[: 30 - 30 % settings.kafka.partitions]))
        wait_until(reaches(store, len(fine) + len(bad) + 28), "the repeats to be recognised")
        assert running.terminate() == 0
    assert stored(store) == len(fine)
    assert scalar(store, "SELECT count() FROM dead_letters") == len(bad)
    assert scalar(store, "SELECT sum(duplicate) FROM ingest_ledger") == 28
    assert scalar(store, "SELECT uniqExact(reason) FROM dead_letters") >= 10
    kept = scalar(store, "SELECT any(tags['note']) FROM events WHERE tags['note'] != ''")
    assert kept == hostile
    assert_proved(settings, store)
    assert hostile[:20] not in running.text, "event content in the log"


def test_a_dropped_value_appears_nowhere(
    kafka_settings: KafkaSettings, store: Store, store_url: str, tmp_path: Path
) -> None:
    secret = "ann.secret@example.com"
    records = [
        *events(5, tags={"email": secret, "route": "/"}),
        *events(5, attributes={"note": secret}, actor=secret, entity=f"user:{secret}"),
        *events(5, name="bezgelor.combat.damage", tags={"address": secret}, value=3),
        *events(5, name="bezgelor.combat.damage", tags={secret: "x"}, value="no number"),
        *events(2, name="no.such\n", tags={"email": secret}),
        b'{"secret": "' + secret.encode() + b'"',
    ]
    settings = settings_for(kafka_settings, store_url)
    asyncio.run(publish(settings.kafka, records))
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(reaches(store, len(records)), "all to be stored")
        running.terminate()
    for (table,) in store.rows(
        "SELECT name FROM system.tables WHERE database = currentDatabase()"
        " AND engine LIKE '%MergeTree'"
    ):
        assert secret.encode() not in store.json(f"SELECT * FROM {table}"), table
    assert secret not in running.text
    assert scalar(store, "SELECT sum(dropped) FROM dropped_keys WHERE key = 'email'") == 5


@pytest.mark.requirement("GAME-24", "METRIC-45", "METRIC-67")
def test_killed_again_and_again_every_event_counts_once(
    kafka_settings: KafkaSettings, store: Store, store_url: str, tmp_path: Path
) -> None:
    sink = SinkSettings(max_rows=500, max_seconds=0.2)
    kafka = kafka_settings.model_copy(update={"session_timeout": 3.0})
    settings = settings_for(kafka, store_url, sink=sink)
    asyncio.run(publish(settings.kafka, events(12_000)))
    log = tmp_path / "worker.log"
    for share in (0.1, 0.3, 0.6):
        with worker(settings, log) as running:
            wait_until(holds_more_than(store, share * 12_000), "the next share")
            running.kill()
    with worker(settings, log) as running:
        wait_until(reaches(store, 12_000), "the rest")
        running.terminate()
    assert stored(store) == 12_000
    assert "Repeating the open range" in log.read_text(), "no kill hit an open range"
    assert_proved(settings, store)


@pytest.mark.requirement("METRIC-68")
def test_a_worker_told_to_stop_in_mid_flush_loses_nothing(
    kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    data, log = tmp_path / "store", tmp_path / "worker.log"
    with EmbeddedServer(data) as server:
        url, port = server.url, port_of(server.url)
        sink = SinkSettings(max_rows=300, max_seconds=0.1)
        settings = settings_for(kafka_settings, url, sink=sink)
        store = Store.connect(url)
        migrated(store, settings.retention.model_dump())
        asyncio.run(publish(settings.kafka, events(10_000)))
        with worker(settings, log) as running:
            wait_until(holds_more_than(store, 900), "some rows")
            assert running.terminate() == 0
        log = tmp_path / "second.log"
        with worker(settings, log) as running:
            wait_until(lambda: "Worker started" in running.text, "the second worker")
            wait_until(reaches(store, 10_000), "the rest")
            server.stop()
            asyncio.run(publish(settings.kafka, events(1_000)))
            wait_until(lambda: "trying again" in running.text, "the worker to miss the store")
            assert running.terminate() == 0, "a store that is away must not keep it from stopping"
    assert "open ranges stay in the log" in log.read_text()
    with EmbeddedServer(data, port), worker(settings, log):
        store = Store.connect(url)
        wait_until(reaches(store, 11_000), "what was left open")
        assert stored(store) == 11_000
        assert_proved(settings, store)


def test_partitions_move_between_two_workers_without_loss(
    kafka_settings: KafkaSettings, store: Store, store_url: str, tmp_path: Path
) -> None:
    kafka = kafka_settings.model_copy(update={"session_timeout": 3.0})
    settings = settings_for(kafka, store_url, sink=SinkSettings(max_rows=400, max_seconds=0.1))
    asyncio.run(publish(settings.kafka, events(8_000)))
    with worker(settings, tmp_path / "one.log") as one:
        wait_until(holds_more_than(store, 500), "the first rows")
        with worker(settings, tmp_path / "two.log") as two:
            wait_until(lambda: "Partitions assigned: " in two.text, "the second to join")
            asyncio.run(publish(settings.kafka, events(8_000, start=8_000)))
            one.kill()
            wait_until(reaches(store, 16_000), "the survivor to take over")
            two.terminate()
    assert stored(store) == 16_000
    assert_proved(settings, store)


@pytest.mark.requirement("METRIC-67")
def test_the_store_goes_away_and_comes_back(kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "store") as server:
        url, port = server.url, port_of(server.url)
        migrated(Store.connect(url), Settings().retention.model_dump())
    settings = settings_for(kafka_settings, url, sink=SinkSettings(max_rows=300, max_seconds=0.2))
    with EmbeddedServer(tmp_path / "store", port):
        store = Store.connect(url)
        asyncio.run(publish(settings.kafka, events(3_000)))
        running = worker(settings, tmp_path / "worker.log")
        alive = running.__enter__()
        wait_until(holds_more_than(store, 300), "the first rows")
    try:
        asyncio.run(publish(settings.kafka, events(3_000, start=3_000)))
        wait_until(lambda: "trying again" in alive.text, "the worker to notice")
        with EmbeddedServer(tmp_path / "store", port):
            store = Store.connect(url)
            wait_until(reaches(store, 6_000), "the worker to catch up")
            assert alive.terminate() == 0
            assert stored(store) == 6_000
            assert_proved(settings, store)
    finally:
        running.__exit__(None, None, None)


@pytest.mark.requirement("GAME-23", "METRIC-45")
def test_a_store_killed_in_mid_insert_again_and_again_counts_once(
    kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    server = EmbeddedServer(tmp_path / "store")
    server.start()
    try:
        url, port = server.url, port_of(server.url)
        sink = SinkSettings(max_rows=1_000, max_seconds=0.1)
        settings = settings_for(kafka_settings, url, sink=sink)
        store = Store.connect(url)
        migrated(store, settings.retention.model_dump())
        asyncio.run(publish(settings.kafka, events(MANY)))
        with worker(settings, tmp_path / "worker.log") as running:
            for number in range(4):
                wait_until(holds_more_than(store, stored(store)), "more rows")
                time.sleep(0.03 * number)
                os.kill(server.pid, signal.SIGKILL)
                server.stop()  # only collects what is left of it
                server = EmbeddedServer(tmp_path / "store", port)
                server.start()
                store = Store.connect(url)
            wait_until(reaches(store, MANY), "all to be stored")
            assert "trying again" in running.text, "no kill was noticed"
            assert stored(store) == MANY
            assert_proved(settings, store)
    finally:
        server.stop()


def run_reconcile(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    for name, value in environment_of(settings, {}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["reconcile", "--json", "--wait", "1"])
    return int(str(ended.value.code)), json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("at_once")
def test_reconcile_finds_one_missing_row_wherever_it_is_missing(
    kafka_settings: KafkaSettings,
    store: Store,
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = settings_for(kafka_settings, store_url)
    asyncio.run(publish(settings.kafka, [*events(200), b"{"]))
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(reaches(store, 201), "all to be stored")
        running.terminate()
    code, report = run_reconcile(settings, monkeypatch, capsys)
    assert (code, report["differences"]) == (0, [])
    for table in ("events", *ROLLUPS, "dead_letters", "ingest_ledger"):
        store.command(f"CREATE TABLE kept AS {table}")
        store.command(f"INSERT INTO kept SELECT * FROM {table}")
        key = "measurement = 'value' AND tags['route'] = '/3'" if table in ROLLUPS else "offset = 3"
        key = {"dead_letters": "1", "ingest_ledger": "partition = 1"}.get(table, key)
        store.command(f"ALTER TABLE {table} DELETE WHERE {key}", settings={"mutations_sync": 2})
        code, report = run_reconcile(settings, monkeypatch, capsys)
        assert code == 1, table
        assert any(table in difference for difference in report["differences"]), table
        store.command(f"TRUNCATE TABLE {table}")
        store.command(f"ALTER TABLE {table} ATTACH PARTITION ALL FROM kept")
        store.command("DROP TABLE kept SYNC")
    assert run_reconcile(settings, monkeypatch, capsys)[0] == 0
