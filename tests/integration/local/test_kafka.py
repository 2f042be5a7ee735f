from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from millrace.schemas.errors import BrokerError, ConfigurationError
from millrace.streams.local import jars
from millrace.streams.local import kafka as local_kafka
from millrace.streams.local.kafka import LocalKafka
from millrace.streams.local.ports import free_ports
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import create_topics

pytestmark = pytest.mark.integration

TOPIC = "telemetry.events"


@pytest.fixture(scope="module")
def programs() -> tuple[Path, Path]:
    try:
        java = jars.require_java(os.environ)
        cache = jars.cache_directory(os.environ)
        return java, jars.fetch_jars(cache, jars.find_maven(os.environ))
    except ConfigurationError as error:
        pytest.skip(f"no local broker: {error}")


@pytest.mark.requirement("IDENT-27")
async def test_a_second_start_keeps_the_messages_on_other_ports(
    tmp_path: Path, programs: tuple[Path, Path]
) -> None:
    java, libraries = programs
    with LocalKafka(tmp_path / "kafka", java=java, jars=libraries) as broker:
        first = broker.bootstrap_servers
        await create_topics(KafkaSettings(bootstrap_servers=first))
        async with AIOKafkaProducer(bootstrap_servers=first) as producer:
            await producer.send_and_wait(TOPIC, b"kept", partition=2)
    with LocalKafka(tmp_path / "kafka", java=java, jars=libraries) as broker:
        assert broker.bootstrap_servers != first
        assert await read(broker.bootstrap_servers, 2) == [b"kept"]
        pid = broker.pid
    assert not psutil.pid_exists(pid)


async def test_an_acknowledged_message_outlives_a_killed_broker(
    tmp_path: Path, programs: tuple[Path, Path]
) -> None:
    java, libraries = programs
    with LocalKafka(tmp_path / "kafka", java=java, jars=libraries) as broker:
        await create_topics(KafkaSettings(bootstrap_servers=broker.bootstrap_servers))
        async with AIOKafkaProducer(
            bootstrap_servers=broker.bootstrap_servers, acks="all"
        ) as producer:
            await producer.send_and_wait(TOPIC, b"kept", partition=0)
        broker.stop(timeout=0)
    with LocalKafka(tmp_path / "kafka", java=java, jars=libraries) as broker:
        assert await read(broker.bootstrap_servers, 0) == [b"kept"]


def test_a_port_that_was_taken_meanwhile_is_given_up(
    tmp_path: Path, programs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    java, libraries = programs
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    tries = iter([[port, *free_ports(1)], free_ports(2)])
    monkeypatch.setattr(local_kafka, "free_ports", lambda _count: next(tries))
    with taken, LocalKafka(tmp_path / "kafka", java=java, jars=libraries) as broker:
        assert not broker.bootstrap_servers.endswith(f":{port}")


def test_a_broker_that_does_not_start_says_why(tmp_path: Path, programs: tuple[Path, Path]) -> None:
    java, _ = programs
    broker = LocalKafka(tmp_path / "kafka", java=java, jars=tmp_path)
    with pytest.raises(BrokerError, match="could not format"):
        broker.start()


async def read(servers: str, partition: int) -> list[bytes]:
    place = TopicPartition(TOPIC, partition)
    async with AIOKafkaConsumer(bootstrap_servers=servers) as consumer:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        found = await consumer.getmany(place, timeout_ms=10_000)
    return [record.value for records in found.values() for record in records]
