"""Looks at the newest records of a partition without moving anybody's position."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments, stop
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.settings import KafkaSettings


async def newest(kafka: KafkaSettings, tp: TP, count: int) -> RecordBatch | None:
    """Return up to ``count`` of the newest records, None when there is none.

    Raises BrokerError when Kafka cannot be asked.
    """
    consumer = AIOKafkaConsumer(
        **client_arguments(kafka), enable_auto_commit=False, isolation_level="read_committed"
    )
    place = TopicPartition(tp.topic, tp.partition)
    try:
        await consumer.start()
        consumer.assign([place])
        start = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        consumer.seek(place, max(start, end - count))
        found = (await consumer.getmany(place, timeout_ms=2_000, max_records=count)).get(place)
    except KafkaError as error:
        raise BrokerError(f"The newest of {tp.topic}-{tp.partition} cannot be read: {error}") from (
            error
        )
    finally:
        await stop(consumer)
    if not found:
        return None
    return record_batch(
        tp.topic,
        tp.partition,
        found[0].offset,
        [record.offset for record in found],
        [record.timestamp for record in found],
        [record.value for record in found],
    )
