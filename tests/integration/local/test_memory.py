from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from millrace.streams.local.memory import AHEAD_BYTES, MemoryKafka
from millrace.streams.produce import Publisher
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import create_topics, declarations

pytestmark = pytest.mark.integration

TOPIC = "telemetry.events"
PARTITIONS = 3


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[KafkaSettings]:
    layout = KafkaSettings(partitions=PARTITIONS)
    topics = {one.name: one.partitions for one in declarations(layout)}
    with MemoryKafka(tmp_path, topics) as broker:
        yield layout.model_copy(update={"bootstrap_servers": broker.bootstrap_servers})


async def test_it_speaks_with_our_clients(settings: KafkaSettings) -> None:
    await create_topics(settings)
    servers = settings.bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer:
        for number in range(30):
            await producer.send_and_wait(TOPIC, b"%d" % number, partition=number % PARTITIONS)
    async with consumer_of(settings) as consumer:
        values = await drain(consumer, 30)
        places = {TopicPartition(TOPIC, number) for number in range(PARTITIONS)}
        assert consumer.assignment() == places
    assert sorted(map(int, values)) == list(range(30))


async def test_topics_that_it_was_not_started_with_come_to_exist(settings: KafkaSettings) -> None:
    other = settings.model_copy(update={"topic_prefix": "other.", "partitions": 4})
    await create_topics(other)
    async with Publisher(other, "other.telemetry.events") as publisher:
        await publisher.publish([b'{"name":"a"}'])
    assert publisher.acknowledged == 1


async def test_publishing_waits_for_the_consumer_and_nothing_is_lost(
    settings: KafkaSettings,
) -> None:
    await create_topics(settings)
    lines = [b'{"name":"a","label":"%07d%s"}' % (number, b"x" * 900) for number in range(12_000)]
    assert sum(map(len, lines)) > 3 * AHEAD_BYTES
    async with consumer_of(settings) as consumer, Publisher(settings, TOPIC) as publisher:
        feed = asyncio.create_task(publisher.publish(lines))
        await asyncio.sleep(1)
        assert not feed.done(), "nothing was consumed, and all of it was published"
        values = await drain(consumer, len(lines), publisher, feed)
        await feed
    assert values == lines
    assert publisher.acknowledged == len(lines)
    assert not publisher.failures


async def drain(
    consumer: AIOKafkaConsumer,
    number: int,
    publisher: Publisher | None = None,
    feed: asyncio.Task[None] | None = None,
) -> list[bytes]:
    values: list[bytes] = []
    flush: asyncio.Task[None] | None = None
    while len(values) < number:
        for place, records in (await consumer.getmany(timeout_ms=200)).items():
            values += [record.value for record in records]
            await consumer.commit({place: OffsetAndMetadata(records[-1].offset + 1, "")})
        if feed is not None and feed.done() and publisher is not None and flush is None:
            # Beside the reading: it waits for what is read.
            flush = asyncio.create_task(publisher.flush())
    if flush is not None:
        await flush
    return values


def consumer_of(settings: KafkaSettings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=settings.bootstrap_servers,
        group_id=settings.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
