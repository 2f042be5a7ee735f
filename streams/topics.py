"""The topics: their names, their settings and how they come to exist.

Received-at times and age limits rest on LogAppendTime, and the windows on compaction, so nothing
here is left to a broker's defaults.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments
from millrace.streams.settings import KafkaSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: The largest record batch a broker takes; a single record must fit too.
MAX_MESSAGE_BYTES: Final = 1024 * 1024

#: How the in-memory broker's cluster ids begin.
_IN_MEMORY_CLUSTER: Final = "mockCluster"

_LOOK_SECONDS: Final = 0.05
_DAY_MS: Final = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of all topics, under an installation's prefix."""

    prefix: str = ""

    @property
    def events(self) -> str:
        """What services publish."""
        return f"{self.prefix}telemetry.events"

    @property
    def dead_letters(self) -> str:
        """What was refused."""
        return f"{self.prefix}telemetry.dead-letters"

    @property
    def windows(self) -> str:
        """Tumbling windows; compacted."""
        return f"{self.prefix}telemetry.windows"

    @property
    def live(self) -> str:
        """Live values; compacted."""
        return f"{self.prefix}telemetry.live"

    @property
    def audit(self) -> str:
        """Who asked what of the gateway."""
        return f"{self.prefix}telemetry.audit"

    @property
    def millrace(self) -> str:
        """Our own telemetry."""
        return f"{self.prefix}telemetry.millrace"


@dataclass(frozen=True, slots=True)
class TopicDeclaration:
    """One topic as it must exist; ``config`` is in the broker's own words."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]
    #: Whether it has as many partitions as the events: a partition's number means the same in all.
    co_partitioned: bool = False


def declarations(kafka: KafkaSettings) -> list[TopicDeclaration]:
    """Return every topic of an installation with the settings that the promises rest on."""
    topics = Topics(kafka.topic_prefix)
    shared = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    if kafka.replication >= 3:
        shared["min.insync.replicas"] = "2"

    def kept(days: int) -> dict[str, str]:
        return {"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS)}

    append_time = {"message.timestamp.type": "LogAppendTime"}
    # Small segments: whoever takes a partition over reads the tail of these back.
    compacted = {
        "cleanup.policy": "compact",
        "segment.bytes": str(16 * 1024 * 1024),
        "min.cleanable.dirty.ratio": "0.2",
    }
    layout = (
        (topics.events, True, kept(7) | append_time),
        (topics.dead_letters, True, kept(30)),
        (topics.windows, True, compacted),
        (topics.live, True, compacted),
        (topics.audit, False, kept(365)),
        (topics.millrace, False, kept(7) | append_time),
    )
    return [
        TopicDeclaration(
            name, kafka.partitions if many else 1, kafka.replication, shared | config, many
        )
        for name, many, config in layout
    ]


async def create_topics(kafka: KafkaSettings, *, patience: float = 30.0) -> None:
    """Create what is missing and wait until every topic has its leaders; existing ones stay.

    Raises BrokerError when the broker cannot be reached, refuses, or is not ready in time.
    """
    wanted = declarations(kafka)
    try:
        async with asyncio.timeout(patience), administrator(kafka) as admin:
            while missing := await _missing(admin, wanted):
                await _create(admin, missing)
            names = [declaration.name for declaration in wanted]
            while True:
                if await _all_led(admin, names):
                    return
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise BrokerError(
            f"The topics at {kafka.bootstrap_servers} were not ready within {patience:g} s; "
            "look at the broker's log"
        ) from None
    except KafkaError as error:
        raise BrokerError(f"Kafka at {kafka.bootstrap_servers} refused: {error}") from error


@asynccontextmanager
async def administrator(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give an administration client that is connected, and close it afterwards."""
    admin = AIOKafkaAdminClient(**client_arguments(kafka))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def partitions_of(admin: AIOKafkaAdminClient, topic: str) -> list[int]:
    """Return the numbers of a topic's partitions; raises BrokerError when it does not exist."""
    # Asking for all topics, since a broker may create one that is asked for by name.
    for described in await admin.describe_topics():
        if described["topic"] == topic:
            return sorted(part["partition"] for part in described["partitions"])
    raise BrokerError(f"The topic {topic} does not exist; start a worker, which creates the topics")


async def topic_settings(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    """Return an existing topic's settings as the broker holds them."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    (answer,) = await admin.describe_configs([resource])
    ((_code, _message, _type, _name, entries, *_rest),) = answer.resources
    return {entry[0]: entry[1] for entry in entries}


async def keeps_only_the_newest(admin: AIOKafkaAdminClient) -> bool:
    """Tell whether the broker is librdkafka's in-memory one, which forgets unread records."""
    cluster: str = (await admin.describe_cluster())["cluster_id"] or ""
    return cluster.startswith(_IN_MEMORY_CLUSTER)


async def _missing(
    admin: AIOKafkaAdminClient, wanted: list[TopicDeclaration]
) -> list[TopicDeclaration]:
    existing = set(await admin.list_topics())
    return [declaration for declaration in wanted if declaration.name not in existing]


async def _create(admin: AIOKafkaAdminClient, missing: list[TopicDeclaration]) -> None:
    if await keeps_only_the_newest(admin):
        # It cannot be told to; it creates what a client asks about.
        await admin.describe_topics([one.name for one in missing])
        return
    topics = [
        NewTopic(one.name, one.partitions, one.replication, topic_configs=dict(one.config))
        for one in missing
    ]
    response = await admin.create_topics(topics)
    for name, code, message in response.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise BrokerError(f"Kafka refused to create the topic {name}: {message or code}")
    await asyncio.sleep(_LOOK_SECONDS)


async def _all_led(admin: AIOKafkaAdminClient, names: list[str]) -> bool:
    described: list[dict[str, Any]] = await admin.describe_topics(names)
    return all(
        topic["error_code"] == 0
        and topic["partitions"]
        and all(part["error_code"] == 0 and part["leader"] >= 0 for part in topic["partitions"])
        for topic in described
    )
