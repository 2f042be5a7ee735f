"""What a worker publishes itself: dead letters and its own telemetry, in whole batches.

A batch is built here and handed over as one, which costs a third of one call a record and leaves
nothing to wait for but the broker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments
from millrace.streams.settings import KafkaSettings

logger = logging.getLogger(__name__)

Record = tuple[bytes, bytes | None]  # key and value

#: Below what the topics take; the largest histogram of a window fits.
_BATCH_BYTES: Final = 1_000_000
_WAIT: Final = 1.0


class Outbox:
    """A producer that starts when it is first needed."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> list[range]:
        """Publish records in order and wait until the broker has every one of them.

        What the broker does not take is tried again, so that a record may be there twice. Returns
        the offsets that they got.
        """
        left, places = records, list[range]()
        while left:
            try:
                producer = await self._started()
                left = await _publish(producer, topic, partition, left, places)
            except KafkaError as error:
                logger.warning(
                    "Topic %s did not take %d records; trying again: %s.", topic, len(left), error
                )
            if left:
                await asyncio.sleep(_WAIT)
        return places

    async def close(self) -> None:
        """Stop the producer, if it runs."""
        if self._producer is not None:
            await self._producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **client_arguments(self._kafka), acks="all", max_batch_size=_BATCH_BYTES
                )
                try:
                    await producer.start()
                except KafkaError:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


async def _publish(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    records: Sequence[Record],
    places: list[range],
) -> Sequence[Record]:
    """Publish records and note their places; returns those that the broker did not take."""
    sent = []
    for batch, inside in _batches(producer, records):
        try:
            sent.append((await producer.send_batch(batch, topic, partition=partition), inside))
        except KafkaError as error:
            logger.warning("Topic %s: %s.", topic, error)
            sent.append((None, inside))
    left: list[Record] = []
    for future, inside in sent:
        try:
            if future is not None:
                first = (await future).offset
                places.append(range(first, first + len(inside)))
                continue
        except KafkaError as error:
            logger.warning("Topic %s did not take %d records: %s.", topic, len(inside), error)
        left.extend(inside)
    return left


def _batches(
    producer: AIOKafkaProducer, records: Sequence[Record]
) -> Iterator[tuple[BatchBuilder, list[Record]]]:
    batch = producer.create_batch()
    inside: list[Record] = []
    for key, value in records:
        while batch.append(timestamp=None, key=key, value=value) is None:
            if not inside:
                size = len(value or b"")
                raise BrokerError(f"A record of {size:,} bytes does not fit into a batch")
            yield batch, inside
            batch, inside = producer.create_batch(), []
        inside.append((key, value))
    if inside:
        yield batch, inside
