"""Fills a topic before the clock starts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from aiokafka import AIOKafkaProducer
from workload import Workload

from millrace.streams.connection import client_arguments
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import Topics, create_topics

_BATCH_BYTES: Final = 256 * 1024


def load(kafka: KafkaSettings, workload: Workload) -> None:
    """Create the topics and publish the workload; returns when the broker has all of it."""
    asyncio.run(_load(kafka, workload.records()))


async def _load(kafka: KafkaSettings, records: Iterable[tuple[int, bytes, bytes]]) -> None:
    await create_topics(kafka)
    topic = Topics(kafka.topic_prefix).events
    async with AIOKafkaProducer(
        **client_arguments(kafka),
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
    ) as producer:
        filling = [producer.create_batch() for _ in range(kafka.partitions)]
        for partition, key, value in records:
            if filling[partition].append(timestamp=None, key=key, value=value) is None:
                await producer.send_batch(filling[partition], topic, partition=partition)
                filling[partition] = producer.create_batch()
                filling[partition].append(timestamp=None, key=key, value=value)
        for partition, batch in enumerate(filling):
            await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()
