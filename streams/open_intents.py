"""What the group's offsets say, read from outside: who is in the group, which ranges are open.

Nothing here joins the group, so that looking moves no partition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from millrace.schemas.errors import BrokerError, ConfigurationError
from millrace.streams.intent import parse_intent
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.topics import Topics, administrator, keeps_only_the_newest

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Position:
    """A committed offset with its metadata."""

    offset: int
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The group as the broker knows it; ``positions`` are by topic and partition."""

    members: int = 0
    positions: Mapping[Place, Position] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """A range that was begun and is not known to be stored; of an unreadable one ``problem``."""

    topic: str
    partition: int
    first: int
    end: int | None = None
    catalogue: str = ""
    log: str = ""
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition} [{self.first}, {self.end or '?'})"


async def open_intents(
    settings: Settings, logs: Mapping[str, str] | None = None
) -> list[OpenIntent]:
    """Return the ranges that the group has left open in the ingested topics.

    With ``logs``, each topic's log generation, those of a topic that is no more are left out.
    Raises BrokerError when Kafka cannot be asked.
    """
    group = await read_group(settings.kafka)
    return list(intents_of(group.positions, logs))


def intents_of(
    positions: Mapping[Place, Position], logs: Mapping[str, str] | None = None
) -> Iterator[OpenIntent]:
    """Yield the open range of each position that carries one, whether it can be read or not.

    With ``logs``, those that were begun under another generation of their topic are left out.
    """
    for (topic, partition), position in sorted(positions.items()):
        try:
            intent = parse_intent(position.metadata)
        except ConfigurationError as error:
            yield OpenIntent(topic, partition, position.offset, problem=str(error))
            continue
        if intent is not None and (logs is None or logs.get(topic) == intent.log):
            yield OpenIntent(
                topic, partition, position.offset, intent.end, intent.catalogue, intent.log
            )


async def read_group(kafka: KafkaSettings) -> Group:
    """Return the group's members and its offsets for the ingested topics.

    Raises BrokerError when Kafka cannot be asked.
    """
    topics = Topics(kafka.topic_prefix)
    try:
        async with administrator(kafka) as admin:
            members = await _members(admin, kafka.group)
            # Named one by one: the in-memory broker does not answer for all of them.
            places = await ingested_places(admin, topics)
            found = (
                await admin.list_consumer_group_offsets(kafka.group, partitions=places)
                if places
                else {}
            )
    except (KafkaError, OSError) as error:
        raise BrokerError(
            f"Kafka at {kafka.bootstrap_servers} did not tell the offsets of the group"
            f" {kafka.group}: {error}"
        ) from error
    return Group(
        members,
        {
            (place.topic, place.partition): Position(committed.offset, committed.metadata or "")
            for place, committed in found.items()
            if committed.offset >= 0
        },
    )


async def ingested_places(admin: AIOKafkaAdminClient, topics: Topics) -> list[TopicPartition]:
    """Return the partitions of the topics that workers read, as far as they exist."""
    return [
        TopicPartition(topic["topic"], part["partition"])
        for topic in await admin.describe_topics()
        if topic["topic"] in (topics.events, topics.millrace)
        for part in topic["partitions"]
    ]


async def _members(admin: AIOKafkaAdminClient, group: str) -> int:
    if await keeps_only_the_newest(admin):
        return 0  # it cannot be asked
    (answer,) = await admin.describe_consumer_groups([group])
    code, _name, _state, _kind, _protocol, members, *_rest = answer.groups[0]
    if code:
        raise BrokerError(f"Kafka did not describe the group {group}: error {code}")
    return len(members)
