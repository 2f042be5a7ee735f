"""Where the log of a topic ends, asked of the broker, and how far the ledger has come."""

from __future__ import annotations

from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments, stop
from millrace.streams.recall import Tables
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import administrator, partitions_of

_LEDGER_ENDS: Final = (
    "SELECT partition, max(end_offset) FROM ingest_ledger"
    " WHERE log = {log:String} AND topic = {topic:String} GROUP BY partition"
)


def ledger_ends(store: Tables, log: str, topic: str) -> dict[int, int]:
    """Return where the ledger ends for each partition that has an entry."""
    return dict(store.rows(_LEDGER_ENDS, {"log": log, "topic": topic}))


async def log_ends(kafka: KafkaSettings, topic: str) -> dict[int, int]:
    """Return the end offset of each partition of a topic; BrokerError when it cannot be asked."""
    consumer = AIOKafkaConsumer(**client_arguments(kafka))
    try:
        # Not the consumer's own metadata: that of topics it has not subscribed to stays empty.
        async with administrator(kafka) as admin:
            partitions = await partitions_of(admin, topic)
        await consumer.start()
        ends = await consumer.end_offsets([TopicPartition(topic, part) for part in partitions])
    except KafkaError as error:
        raise BrokerError(f"Kafka did not tell the ends of topic {topic}: {error}") from error
    finally:
        await stop(consumer)
    return {place.partition: end for place, end in ends.items()}
