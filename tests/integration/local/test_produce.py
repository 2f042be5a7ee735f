from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from typer.testing import CliRunner

from millrace.schemas.errors import BrokerError
from millrace.streams.cli import application
from millrace.streams.local.environment import environment_of
from millrace.streams.local.ports import free_ports
from millrace.streams.produce import Publisher
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.topics import MAX_MESSAGE_BYTES, Topics, create_topics

pytestmark = pytest.mark.integration

ODD_LINES = [
    b'{"name":"shop.sale","tenant":"t","value":1}',
    b'{"name":"cut',
    b"",
    b"   ",
    b"\x00\xff not text",
    b'["a list"]',
    '{"name":"größe"}'.encode(),
    b'{"name":"shop.sale","tenant":"t","value":2}',
    b'{"name":"big","label":"%s"}' % (b"x" * (MAX_MESSAGE_BYTES - 10_000)),
]


async def test_every_line_arrives_as_it_is(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    topic = Topics(kafka_settings.topic_prefix).events
    async with Publisher(kafka_settings, topic) as publisher:
        await publisher.publish(line + b"\r\n" for line in ODD_LINES)
    sent = [line for line in ODD_LINES if line]
    assert (publisher.read, publisher.acknowledged) == (len(ODD_LINES), len(sent))
    assert not publisher.failures
    records = await read(kafka_settings, topic, len(sent))
    assert sorted(record.value for record in records) == sorted(sent)
    sales = [record for record in records if record.key == b"t|shop.sale"]
    assert [record.value for record in sales] == [ODD_LINES[0], ODD_LINES[7]]
    assert len({record.partition for record in sales}) == 1
    keyless = {record.value for record in records if record.key is None}
    assert keyless == {ODD_LINES[1], ODD_LINES[3], ODD_LINES[4], ODD_LINES[5]}


async def test_order_within_a_series_over_many_batches(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    topic = Topics(kafka_settings.topic_prefix).events
    lines = [b'{"name":"s%d","value":%d}' % (number % 7, number) for number in range(50_000)]
    async with Publisher(kafka_settings, topic) as publisher:
        await publisher.publish(lines)
    records = await read(kafka_settings, topic, len(lines))
    for series in range(7):
        key = b"default|s%d" % series
        assert [r.value for r in records if r.key == key] == lines[series::7]


async def test_a_line_too_long_is_named_and_the_others_arrive(
    kafka_settings: KafkaSettings,
) -> None:
    await create_topics(kafka_settings)
    topic = Topics(kafka_settings.topic_prefix).events
    async with Publisher(kafka_settings, topic) as publisher:
        await publisher.publish([b'{"name":"a"}', b"x" * (MAX_MESSAGE_BYTES + 1), b'{"name":"b"}'])
    assert publisher.acknowledged == 2
    (failure,) = publisher.failures
    assert failure.line == 2
    assert "limit of 1,048,576" in failure.reason


async def test_a_topic_that_does_not_exist_is_not_made(kafka_settings: KafkaSettings) -> None:
    with pytest.raises(BrokerError, match=r"nowhere does not exist"):
        async with Publisher(kafka_settings, f"{kafka_settings.topic_prefix}nowhere"):
            pass


async def test_an_absent_broker_is_one_sentence() -> None:
    (port,) = free_ports(1)
    with pytest.raises(BrokerError, match=f"Kafka at 127.0.0.1:{port}"):
        async with Publisher(KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}"), "topic"):
            pass


async def test_many_lines_are_all_acknowledged(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    topic = Topics(kafka_settings.topic_prefix).events
    lines = [
        b'{"name":"s%d","value":%d,"label":"%s"}' % (n % 50, n, b"x" * 150) for n in range(100)
    ]
    number = 100_000
    async with Publisher(kafka_settings, topic) as publisher:
        await publisher.publish(lines[n % 100] for n in range(number))
    assert publisher.acknowledged == number


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_the_command(
    way: str, kafka_settings: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(create_topics(kafka_settings))
    file = tmp_path / "events.ndjson"
    file.write_bytes(b'{"name":"a"}\n' * 500 + b"x" * (MAX_MESSAGE_BYTES + 1) + b"\n{}")
    for name, value in environment_of(Settings(kafka=kafka_settings), {}).items():
        monkeypatch.setenv(name, value)
    if way == "file":
        result = CliRunner().invoke(application(["produce"]), ["produce", str(file)])
    else:
        topic = Topics(kafka_settings.topic_prefix).dead_letters
        arguments = ["produce", "-", "--topic", topic]
        result = CliRunner().invoke(application(["produce"]), arguments, input=file.read_bytes())
    assert result.exit_code == 1
    assert "Line 501 was not published" in result.stderr
    assert result.stdout == "Published 501 of 502 lines.\n"


async def read(kafka: KafkaSettings, topic: str, number: int) -> list[ConsumerRecord]:
    records: list[ConsumerRecord] = []
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, max_partition_fetch_bytes=4 * 1024 * 1024
    ) as consumer:
        places = [TopicPartition(topic, partition) for partition in range(kafka.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        while len(records) < number:
            found = await consumer.getmany(timeout_ms=500)
            records += [record for batch in found.values() for record in batch]
    return records
