"""The proof of the live windows, after and beside a real worker: what is wrong is named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from window_builders import OTHER_LOG, record, window
from workers import events, publish, scalar, settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Report
from millrace.streams.compacted import read_held
from millrace.streams.local.memory import MemoryKafka
from millrace.streams.reconcile import prove
from millrace.streams.settings import KafkaSettings, Settings, SinkSettings, WindowSettings
from millrace.streams.topics import Topics, create_topics, declarations
from millrace.streams.window_facts import WindowReading
from millrace.streams.window_records import Standing, own_key, own_record

pytestmark = pytest.mark.integration

#: Late events correct windows for so many seconds.
CORRECTION = 600
Records = Mapping[bytes, bytes | None]


@pytest.fixture(autouse=True)
def _soon(request: pytest.FixtureRequest) -> None:
    """Look again at once at what differs, where no worker is about to change it."""
    if "while_a_worker_writes" not in request.node.name:
        request.getfixturevalue("at_once")


@pytest.fixture
def settings(kafka_settings: KafkaSettings, store_url: str) -> Settings:
    return settings_for(
        kafka_settings.model_copy(update={"partitions": 2}),
        store_url,
        windows=WindowSettings(correction=CORRECTION),
        sink=SinkSettings(max_rows=50, max_seconds=0.2),
    )


def proof(settings: Settings, store: Store, **effort: Any) -> Report:
    return asyncio.run(prove(settings, store, **{"patience": 30, "records": 0, **effort}))


def accounted(store: Store) -> int:
    return int(
        scalar(
            store,
            "SELECT sum(stored + rejected + duplicate) FROM ingest_ledger"
            " WHERE endsWith(topic, 'telemetry.events')",
        )
    )


def stored(store: Store, count: int) -> Callable[[], bool]:
    return lambda: accounted(store) >= count


def before(seconds: float) -> str:
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    return moment.isoformat().replace("+00:00", "Z")


def run(settings: Settings, store: Store, log: Path, records: Sequence[bytes]) -> None:
    """Let a worker store some records and stop."""
    known = accounted(store)
    asyncio.run(publish(settings.kafka, records))
    with worker(settings, log) as running:
        wait_until(stored(store, known + len(records)), "all to be stored")
        assert running.terminate() == 0


def fill(settings: Settings, store: Store, folder: Path) -> None:
    """400 events of two minutes of two partitions, 40 of them late and 20 too late for a window."""
    records = [
        *events(340),
        *events(40, occurred_at=before(CORRECTION / 2)),
        *events(20, occurred_at=before(CORRECTION + 120)),
    ]
    run(settings, store, folder / "worker.log", records)


def held(settings: Settings, partition: int) -> dict[bytes, bytes]:
    topic = Topics(settings.kafka.topic_prefix).windows
    return asyncio.run(read_held(settings.kafka, topic, partition)).records


def put(settings: Settings, partition: int, records: Records) -> None:
    """Publish records by hand."""

    async def send() -> None:
        servers, topic = settings.kafka.bootstrap_servers, Topics(settings.kafka.topic_prefix)
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            for key, value in records.items():
                await producer.send_and_wait(topic.windows, value, key=key, partition=partition)

    asyncio.run(send())


def minutes(records: Mapping[bytes, bytes], route: str) -> list[bytes]:
    """Return the keys of a series' windows of 60 s, oldest first."""
    found = [json.loads(key) for key in records if len(json.loads(key)) == 6]
    return [
        json.dumps(one, separators=(",", ":")).encode()
        for one in sorted(found, key=lambda one: int(one[5]))
        if one[3:5] == [{"route": route}, 60]
    ]


def test_late_events_are_in_the_windows_and_those_too_late_in_none(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    fill(settings, store, tmp_path)
    own = json.loads(held(settings, 0)[own_key(0)])
    assert own["now"]["too_late"] == {"10": 10, "60": 10}
    with_windows = proof(settings, store)
    assert with_windows.differences == []
    off = settings.model_copy(update={"windows": WindowSettings(enabled=False)})
    # Seven routes of now and of before, of both partitions.
    assert with_windows.checks >= proof(off, store).checks + 2 + 7 * 2


def test_a_window_with_another_count_and_one_that_is_gone_are_named(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    fill(settings, store, tmp_path)
    topic = Topics(settings.kafka.topic_prefix).events
    records = held(settings, 1)
    changed, gone = minutes(records, "/3")[0], minutes(records, "/5")[-1]
    value = json.loads(records[changed])
    put(settings, 1, {changed: json.dumps({**value, "count": value["count"] + 1}).encode()})
    put(settings, 1, {gone: None})
    found = proof(settings, store).differences
    assert len(found) == 2
    first, second = (
        f"telemetry.windows, {topic} partition 1, checkout.duration_ms, bucket"
        f" {datetime.fromtimestamp(json.loads(key)[5], UTC):%Y-%m-%d %H:%M}, tenant default,"
        f" measurement value, tags {json.loads(key)[3]}: events says "
        for key in (changed, gone)
    )
    lost = json.loads(records[gone])
    parts = f"sum {value['sum']!r}, from {value['min']!r} to {value['max']!r}"
    assert found[0] == (
        f"{first}{value['count']} values, {parts}, found {value['count'] + 1} values, {parts}"
    )
    assert found[1] == (
        f"{second}{lost['count']} values, sum {lost['sum']!r}, from {lost['min']!r}"
        f" to {lost['max']!r}, found no values"
    )
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert proof(settings, store, since=later).differences == []
    assert proof(settings, store, gentle=True).differences == []


def test_a_partition_that_is_behind_or_whose_own_record_is_gone_is_named(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    fill(settings, store, tmp_path)
    topic = Topics(settings.kafka.topic_prefix).events
    own = json.loads(held(settings, 1)[own_key(1)])
    own["now"]["through_offset"] = 190
    put(settings, 0, {own_key(0): None})
    put(settings, 1, {own_key(1): json.dumps(own).encode()})
    assert proof(settings, store).differences == [
        f"telemetry.windows, {topic} partition 0, progress: windows are there, the record that says"
        " how far they go is not",
        f"telemetry.windows, {topic} partition 1, progress: expected through 200, found 190",
    ]


def test_a_partition_without_windows_is_named_when_others_have_had_some_for_long(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    fill(settings, store, tmp_path)
    topic = Topics(settings.kafka.topic_prefix).events
    put(settings, 1, dict.fromkeys(held(settings, 1)))
    assert proof(settings, store).differences == []
    store.command(
        "ALTER TABLE ingest_ledger UPDATE flushed_at = flushed_at - INTERVAL 2 HOUR"
        " WHERE partition = 0",
        settings={"mutations_sync": 2},
    )
    assert proof(settings, store).differences == [
        f"telemetry.windows, {topic} partition 1, progress: nothing is published of this partition,"
        " but of others"
    ]


def test_what_was_published_of_another_log_is_no_difference(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    def others(name: str) -> Records:
        one = record(window(name=name, size=60, log=OTHER_LOG))
        assert one.key is not None
        return {one.key: one.value}

    own = {
        "log": OTHER_LOG,
        "partition": 0,
        "now": {"through_offset": 5, "watermark": 1},
        "before": {"through_offset": 0, "watermark": None},
    }
    asyncio.run(create_topics(settings.kafka))
    put(settings, 0, {**others("there.before"), own_key(0): json.dumps(own).encode()})
    fill(settings, store, tmp_path)
    put(settings, 1, others("there.later"))
    assert proof(settings, store).differences == []


def test_windows_that_begin_with_later_events_hold_only_those(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    # As after an upgrade, or where windows were not wanted before.
    off = settings.model_copy(update={"windows": WindowSettings(enabled=False)})
    fill(off, store, tmp_path)
    assert held(settings, 0) == {}
    assert proof(settings, store).differences == []
    run(settings, store, tmp_path / "later.log", events(100))
    assert json.loads(held(settings, 0)[own_key(0)])["now"]["first_offsets"] == {
        "10": 200,
        "60": 200,
    }
    assert proof(settings, store).differences == []
    key = minutes(held(settings, 0), "/3")[-1]
    put(settings, 0, {key: None})
    assert len(proof(settings, store).differences) == 1


def test_nothing_differs_while_a_worker_writes(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    async def feed(done: asyncio.Event) -> None:
        while not done.is_set():
            await publish(settings.kafka, events(200))

    async def compare() -> None:
        done = asyncio.Event()
        feeding = asyncio.ensure_future(feed(done))
        for _ in range(2):
            known = await asyncio.to_thread(accounted, store)
            report = await prove(settings, store, patience=None, records=0)
            assert report.differences == []
            assert await asyncio.to_thread(accounted, store) > known
        done.set()
        await feeding

    asyncio.run(publish(settings.kafka, events(100)))
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(stored(store, 100), "the worker to begin")
        asyncio.run(compare())
        running.terminate()


def test_the_in_memory_broker_may_have_forgotten_windows(tmp_path: Path) -> None:
    place = Place("log", "telemetry.events", 1)
    topics = {one.name: one.partitions for one in declarations(KafkaSettings())}
    with MemoryKafka(tmp_path, topics) as broker:
        settings = Settings(kafka=KafkaSettings(bootstrap_servers=broker.bootstrap_servers))
        reading = WindowReading(settings, [place, Place("log", "telemetry.events", 99)])
        asyncio.run(create_topics(settings.kafka))
        put(settings, 1, dict([own_record("log", 1, Standing(7), Standing(0))]))
        found = asyncio.run(reading.refresh())
        assert [(one.through, one.whole) for one in found] == [(7, False), (None, False)]
        # What follows is read from there on.
        put(settings, 1, dict([own_record("log", 1, Standing(8), Standing(7))]))
        assert asyncio.run(reading.refresh())[0].through == 8
