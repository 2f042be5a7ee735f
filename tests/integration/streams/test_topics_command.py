"""``millrace topics`` on a real broker and the real engine."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import NewPartitions
from typer.testing import CliRunner, Result
from workers import events, publish, settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.schemas.errors import BrokerError, ConfigurationError, MillraceError
from millrace.streams import generations, pauses
from millrace.streams.cli.topics import app
from millrace.streams.co_partitions import co_partitions, partition_numbers
from millrace.streams.letters import Place
from millrace.streams.local.environment import environment_of
from millrace.streams.local.memory import MemoryKafka
from millrace.streams.log_positions import ledger_ends
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.topics import Topics, administrator, create_topics, declarations

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(
    kafka_settings: KafkaSettings, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    made = settings_for(kafka_settings, store_url)
    for name, value in environment_of(made, {}).items():
        monkeypatch.setenv(name, value)
    return made


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, MillraceError):
        raise result.exception
    return result


def numbers(settings: Settings) -> dict[str, int]:
    found = asyncio.run(partition_numbers(settings.kafka))
    return {name.rpartition("telemetry.")[2]: number for name, number in found.items()}


def grow_alone(settings: Settings, topic: str, partitions: int) -> None:
    async def grow() -> None:
        async with administrator(settings.kafka) as admin:
            await admin.create_partitions({topic: NewPartitions(partitions)})

    asyncio.run(grow())
    # The controller has it at once, the broker a moment later.
    short = topic.rpartition("telemetry.")[2]
    wait_until(lambda: numbers(settings)[short] == partitions, "the broker to know")


def described(output: str) -> dict[str, dict[str, Any]]:
    told = json.loads(output)["topics"]
    return {topic["name"].rpartition("telemetry.")[2]: topic for topic in told}


def test_all_topics_of_the_layout_grow_together(settings: Settings) -> None:
    asyncio.run(create_topics(settings.kafka))
    said = run("grow", "--partitions", "6", "--yes").output
    assert said.count("4 to 6 partitions") == 4
    assert "Restart the workers" in said
    many = {"events": 6, "dead-letters": 6, "windows": 6, "live": 6}
    assert numbers(settings) == many | {"audit": 1, "millrace": 1}
    assert run("grow", "--partitions", "6").output == "All have 6 partitions already.\n"
    with pytest.raises(ConfigurationError, match="cannot take any away"):
        run("grow", "--partitions", "5", "--yes")


def test_without_a_terminal_nothing_grows_unasked(settings: Settings) -> None:
    asyncio.run(create_topics(settings.kafka))
    with pytest.raises(ConfigurationError, match="add --yes"):
        run("grow", "--partitions", "6")
    assert numbers(settings)["events"] == 4


def test_growing_again_repairs_whatever_is_half_done(settings: Settings) -> None:
    asyncio.run(create_topics(settings.kafka))
    grow_alone(settings, Topics(settings.kafka.topic_prefix).live, 6)
    assert asyncio.run(co_partitions(settings.kafka)) == 4
    told = json.loads(run("grow", "--yes", "--json").output)
    assert told["partitions"] == 6
    assert sorted(told["grown"].values()) == [[4, 6], [4, 6], [4, 6]]
    assert asyncio.run(co_partitions(settings.kafka)) == 6
    assert json.loads(run("grow", "--json").output) == {"partitions": 6, "grown": {}}


def test_events_grown_alone_are_told_by_status_and_keep_workers_out(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    asyncio.run(create_topics(settings.kafka))
    assert run("status").exit_code == 0
    grow_alone(settings, Topics(settings.kafka.topic_prefix).events, 6)
    result = run("status")
    assert result.exit_code == 1
    assert "not partitioned alike" in result.stderr
    assert "millrace topics grow" in result.stderr
    with worker(settings, tmp_path / "worker.log") as refused:
        assert refused.process.wait(60) == 1
    (line,) = refused.text.splitlines()
    assert "not partitioned alike" in line
    assert "run millrace topics grow, then restart the workers" in line
    run("grow", "--yes")
    with worker(settings, tmp_path / "second.log") as accepted:
        wait_until(lambda: "Worker started" in accepted.text, "the worker to start")
        assert accepted.terminate() == 0


def test_status_tells_log_ledger_lag_and_pauses(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    topic = Topics(settings.kafka.topic_prefix).events
    asyncio.run(publish(settings.kafka, events(40)))

    def stored() -> int:
        return sum(ledger_ends(store, generations.current(store, topic) or "", topic).values())

    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(lambda: stored() >= 40, "all to be stored")
        assert running.terminate() == 0
    asyncio.run(publish(settings.kafka, events(8)))
    log = generations.current(store, topic) or ""
    pauses.pause(store, Place(log, topic, 1), 10, "too much is refused", datetime.now(UTC))
    told = described(run("status", "--json").output)
    assert set(told) == {"events", "dead-letters", "windows", "live", "audit", "millrace"}
    assert told["windows"]["cleanup"] == "compact"
    assert (told["events"]["cleanup"], told["events"]["replication"]) == ("delete", 1)
    for part in told["events"]["partitions"]:
        assert (part["log_start"], part["log_end"]) == (0, 12)
        assert (part["ledger_end"], part["lag"]) == (10, 2)
    paused = [part["paused"] for part in told["events"]["partitions"]]
    assert paused == [None, "too much is refused", None, None]
    lines = run("status").output.splitlines()
    assert f"{topic}\t4\t1\tdelete\t48\t8\t1" in lines
    assert f"{topic}-1\t0\t12\t10\t2\ttoo much is refused" in lines


def test_status_without_a_store_and_before_the_topics_are_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_CLICKHOUSE__URL", "http://127.0.0.1:1/none")
    result = run("status")
    assert result.exit_code == 0
    assert result.stdout.count("not created yet") == 6
    assert "without the ledger" in result.stderr
    asyncio.run(create_topics(settings.kafka))
    assert described(run("status", "--json").stdout)["events"]["partitions"][0]["lag"] is None


def test_without_a_broker_each_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    for command in (["status"], ["grow", "--yes"]):
        with pytest.raises(BrokerError, match=r"Kafka at 127\.0\.0\.1:1"):
            run(*command)


def test_the_in_memory_broker_cannot_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    topics = {one.name: one.partitions for one in declarations(KafkaSettings())}
    with MemoryKafka(tmp_path, topics) as broker:
        monkeypatch.setenv("MILLRACE_KAFKA__BOOTSTRAP_SERVERS", broker.bootstrap_servers)
        with pytest.raises(ConfigurationError, match="in-memory broker cannot grow"):
            run("grow", "--partitions", "8", "--yes")
        monkeypatch.setenv("MILLRACE_CLICKHOUSE__URL", "http://127.0.0.1:1/none")
        assert run("status").exit_code == 0
