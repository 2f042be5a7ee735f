"""Reads the original records of dead letters from Kafka, by their coordinates."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments, stop
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.settings import KafkaSettings

#: Letters that lie closer together than this are read through, farther apart they are sought.
_NEAR: Final = 2_000
#: Seconds without a record after which the broker counts as silent.
_SILENCE: Final = 30.0


def read_records(
    kafka: KafkaSettings, topic: str, partition: int, offsets: Sequence[int]
) -> RecordBatch:
    """Return those of the records at ``offsets`` (ascending) that Kafka still keeps.

    Blocks. Reads with a consumer of its own, without a group, and moves nobody's offsets. Raises
    BrokerError when Kafka cannot be read.
    """
    place = TopicPartition(topic, partition)
    found = asyncio.run(_read(kafka, place, offsets)) if offsets else []
    return record_batch(
        topic,
        partition,
        found[0].offset if found else 0,
        [record.offset for record in found],
        [record.timestamp for record in found],
        [record.value for record in found],
    )


async def _read(
    kafka: KafkaSettings, place: TopicPartition, offsets: Sequence[int]
) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(
        **client_arguments(kafka),
        enable_auto_commit=False,
        # A letter's record was committed, or no worker would have seen it.
        isolation_level="read_committed",
        # Where retention has overtaken us, what is left begins later.
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        consumer.assign([place])
        start = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        return await _collect(consumer, place, [one for one in offsets if start <= one < end])
    except KafkaError as error:
        raise BrokerError(
            f"The records of {place.topic}-{place.partition} could not be read: {error}"
        ) from error
    finally:
        await stop(consumer)


async def _collect(
    consumer: AIOKafkaConsumer, place: TopicPartition, offsets: Sequence[int]
) -> list[ConsumerRecord]:
    found: list[ConsumerRecord] = []
    position, silent, next_ = -_NEAR, 0.0, 0
    while next_ < len(offsets):
        if not 0 <= offsets[next_] - position < _NEAR:
            consumer.seek(place, offsets[next_])
        records = (await consumer.getmany(place, timeout_ms=1000)).get(place, [])
        silent = 0.0 if records else silent + 1.0
        if silent > _SILENCE:
            raise BrokerError(
                f"Kafka has delivered nothing of {place.topic}-{place.partition} for"
                f" {_SILENCE:.0f} seconds"
            )
        wanted = set(offsets[next_:])
        found += [record for record in records if record.offset in wanted]
        # Control records are passed over without a record: only the position tells.
        position = await consumer.position(place)
        while next_ < len(offsets) and offsets[next_] < position:
            next_ += 1
    return found


def select(records: RecordBatch, offsets: Collection[int]) -> RecordBatch:
    """Return those of the records that lie at one of the offsets."""
    wanted = set(offsets)
    places = [place for place, offset in enumerate(records.offsets) if int(offset) in wanted]
    return record_batch(
        records.topic,
        records.partition,
        int(records.offsets[places[0]]) if places else records.first,
        [int(records.offsets[place]) for place in places],
        [int(records.timestamps[place]) for place in places],
        [records.values[place] for place in places],
    )
