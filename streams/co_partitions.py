"""Topics of the same layout: whatever is made from an event goes to the event's own partition.

A partition of the events that the others do not have could not be finished, so a worker must not
begin it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka.errors import KafkaError

from millrace.schemas.errors import BrokerError
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import TopicDeclaration, administrator, declarations

#: What to do about it.
GROW: Final = "run millrace topics grow, then restart the workers"


def partitioned_unlike(wanted: Sequence[TopicDeclaration], numbers: Mapping[str, int]) -> str:
    """Say which topics are not partitioned alike; "" when all are. Missing ones do not count."""
    found = {
        one.name: numbers[one.name] for one in wanted if one.co_partitioned and one.name in numbers
    }
    if len(set(found.values())) <= 1:
        return ""
    listed = ", ".join(f"{name} {number}" for name, number in found.items())
    return f"the topics are not partitioned alike: {listed}"


async def co_partitions(kafka: KafkaSettings) -> int:
    """Return how many partitions every topic of the events' layout has.

    A partition with this number or a higher one cannot be taken up. Raises BrokerError when Kafka
    cannot be asked.
    """
    names = [one.name for one in declarations(kafka) if one.co_partitioned]
    numbers = await partition_numbers(kafka)
    return min(numbers.get(name, 0) for name in names)


async def partition_numbers(kafka: KafkaSettings) -> dict[str, int]:
    """Return how many partitions each existing topic of the installation has."""
    try:
        async with administrator(kafka) as admin:
            # Asking for all topics, since a broker may create one that is asked for by name.
            described = await admin.describe_topics()
    except (KafkaError, OSError) as error:
        raise BrokerError(
            f"Kafka at {kafka.bootstrap_servers} did not describe the topics: {error}"
        ) from error
    ours = {one.name for one in declarations(kafka)}
    return {
        topic["topic"]: len(topic["partitions"]) for topic in described if topic["topic"] in ours
    }
