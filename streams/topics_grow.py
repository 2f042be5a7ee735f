"""More partitions for all topics that share the events' layout, never for one of them alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import InvalidPartitionsError, KafkaError

from millrace.schemas.errors import BrokerError, ConfigurationError
from millrace.streams.co_partitions import partition_numbers
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import administrator, declarations, keeps_only_the_newest

_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Growth:
    """What is to be done: ``steps`` has the number before of each topic to be grown, in order."""

    partitions: int
    steps: Mapping[str, int]


async def plan_growth(kafka: KafkaSettings, partitions: int | None) -> Growth:
    """Return what a growth to ``partitions`` takes; None stands for the largest number there is.

    Raises ConfigurationError when it cannot be done, BrokerError when Kafka cannot be asked.
    """
    try:
        async with administrator(kafka) as admin:
            if await keeps_only_the_newest(admin):
                raise ConfigurationError(
                    "The in-memory broker cannot grow a topic: start it anew with"
                    " MILLRACE_KAFKA__PARTITIONS, or use a real Kafka"
                )
    except (KafkaError, OSError) as error:
        raise _refused(kafka, error) from error
    together = [one.name for one in declarations(kafka) if one.co_partitioned]
    return growth(together, await partition_numbers(kafka), partitions)


def growth(together: Sequence[str], numbers: Mapping[str, int], partitions: int | None) -> Growth:
    """Return the steps that bring topics to the same number. Raises ConfigurationError.

    The events, first among ``together``, come last: never is there a partition of theirs that the
    others lack.
    """
    missing = [name for name in together if name not in numbers]
    if missing:
        raise ConfigurationError(
            f"These topics do not exist: {', '.join(missing)}; start a worker, which creates them"
        )
    most = max(numbers[name] for name in together)
    target = most if partitions is None else partitions
    if target < most:
        largest = next(name for name in together if numbers[name] == most)
        raise ConfigurationError(
            f"The topic {largest} has {most} partitions and Kafka cannot take any away:"
            f" ask for {most} or more"
        )
    steps = {name: numbers[name] for name in reversed(together) if numbers[name] < target}
    return Growth(target, steps)


async def grow(kafka: KafkaSettings, planned: Growth, *, patience: float = 30.0) -> None:
    """Carry out the steps, each when the one before is done and has its leaders.

    Whatever stops it in the middle, planning and growing again completes it. Raises BrokerError.
    """
    try:
        async with asyncio.timeout(patience), administrator(kafka) as admin:
            for topic in planned.steps:
                await _grow(admin, topic, planned.partitions)
    except TimeoutError:
        raise BrokerError(
            f"The topics at {kafka.bootstrap_servers} were not grown within {patience:g} s;"
            " look at the broker's log, then run it again"
        ) from None
    except (KafkaError, OSError) as error:
        raise _refused(kafka, error) from error


async def _grow(admin: AIOKafkaAdminClient, topic: str, partitions: int) -> None:
    try:
        await admin.create_partitions({topic: NewPartitions(partitions)})
    except InvalidPartitionsError:
        if await _led(admin, topic) < partitions:
            raise
        # Somebody else was quicker.
    while True:
        if await _led(admin, topic) >= partitions:
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def _led(admin: AIOKafkaAdminClient, topic: str) -> int:
    (described,) = await admin.describe_topics([topic])
    return sum(part["error_code"] == 0 and part["leader"] >= 0 for part in described["partitions"])


def _refused(kafka: KafkaSettings, error: Exception) -> BrokerError:
    return BrokerError(f"Kafka at {kafka.bootstrap_servers} refused: {error}")
