"""The broker: is it there, and are the topics what the promises rest on?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from millrace.schemas import limits
from millrace.schemas.errors import BrokerError
from millrace.streams.co_partitions import GROW, partitioned_unlike
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import (
    TopicDeclaration,
    administrator,
    declarations,
    keeps_only_the_newest,
    topic_settings,
)

_AREA = "kafka"


async def check_broker(kafka: KafkaSettings) -> list[Finding]:
    """Look at the broker and at every topic of the installation."""
    try:
        async with administrator(kafka) as admin:
            in_memory = await keeps_only_the_newest(admin)
            described = await admin.describe_topics()
            partitions = {topic["topic"]: len(topic["partitions"]) for topic in described}
            wanted = declarations(kafka)
            settings: dict[str, Mapping[str, str]] = {}
            session = None
            if not in_memory:
                session = await _session_bounds(admin)
                for topic in wanted:
                    if topic.name in partitions:
                        settings[topic.name] = await topic_settings(admin, topic.name)
    except (KafkaError, BrokerError, OSError) as error:
        return [
            Finding(
                _AREA,
                Level.FAULT,
                f"no broker answers at {kafka.bootstrap_servers}: {error}",
                "start it, or set MILLRACE_KAFKA__BOOTSTRAP_SERVERS",
            )
        ]
    found = [Finding(_AREA, Level.OK, f"a broker answers at {kafka.bootstrap_servers}")]
    if in_memory:
        text = "the broker is the in-memory one: nothing it keeps outlives it"
        found.append(Finding(_AREA, Level.NOTE, text))
    found += judge_partitions(wanted, partitions)
    if session:
        found += judge_session(kafka.session_timeout, *session)
    for topic in wanted:
        if topic.name in settings:
            found += judge_settings(topic, settings[topic.name])
    return found


def judge_partitions(
    wanted: list[TopicDeclaration], partitions: Mapping[str, int]
) -> Iterator[Finding]:
    """Tell which topics are missing and whether the rest are partitioned alike."""
    missing = [topic.name for topic in wanted if topic.name not in partitions]
    if missing:
        text = f"not created yet: {', '.join(missing)}"
        yield Finding(_AREA, Level.NOTE, text, "a worker creates them when it starts")
    unlike = partitioned_unlike(wanted, partitions)
    if unlike:
        yield Finding(_AREA, Level.FAULT, unlike, GROW)


def judge_session(seconds: float, low: int, high: int) -> Iterator[Finding]:
    """Judge the session timeout against what the broker allows, in milliseconds."""
    if not low <= seconds * 1000 <= high:
        yield Finding(
            _AREA,
            Level.FAULT,
            f"the session timeout of {seconds:g} s is not one that the broker allows",
            f"set MILLRACE_KAFKA__SESSION_TIMEOUT between {low / 1000:g} and {high / 1000:g}, or"
            " change group.min.session.timeout.ms or group.max.session.timeout.ms on the broker",
        )


def judge_settings(topic: TopicDeclaration, settings: Mapping[str, str]) -> Iterator[Finding]:
    """Compare an existing topic's settings with what it was declared to have."""
    if not settings:
        text = f"the settings of the topic {topic.name} may not be read"
        yield Finding(_AREA, Level.NOTE, text, "allow DescribeConfigs to have them checked")
        return
    faults = []
    for key in ("message.timestamp.type", "cleanup.policy"):
        wanted = topic.config.get(key)
        if wanted is not None and settings.get(key) != wanted:
            faults.append((key, settings.get(key), wanted))
    size = int(settings.get("max.message.bytes", 0))
    if size < limits.EVENT_BYTES:
        faults.append(("max.message.bytes", str(size), topic.config["max.message.bytes"]))
    for key, found, wanted in faults:
        yield Finding(
            _AREA,
            Level.FAULT,
            f"the topic {topic.name} has {key}={found}",
            f"set {key}={wanted} with kafka-configs --alter",
        )
    if not faults:
        kind = settings.get("message.timestamp.type", "")
        yield Finding(_AREA, Level.OK, f"{topic.name}: {settings.get('cleanup.policy')}, {kind}")


async def _session_bounds(admin: AIOKafkaAdminClient) -> tuple[int, int]:
    brokers = (await admin.describe_cluster())["brokers"]
    resource = ConfigResource(ConfigResourceType.BROKER, str(brokers[0]["node_id"]))
    (answer,) = await admin.describe_configs([resource])
    ((_code, _message, _type, _name, entries, *_rest),) = answer.resources
    told = {entry[0]: entry[1] for entry in entries}
    return (
        int(told.get("group.min.session.timeout.ms", 0)),
        int(told.get("group.max.session.timeout.ms", 2**31)),
    )
