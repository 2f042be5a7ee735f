"""Where the log of a topic ends, asked of the broker."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import administrator, partitions_of


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
        await consumer.stop()
    return {place.partition: end for place, end in ends.items()}
