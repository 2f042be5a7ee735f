"""The broker: is it there, and are the topics what the promises rest on?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aiokafka.errors import KafkaError

from millrace.schemas import limits
from millrace.schemas.errors import BrokerError
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
            if not in_memory:
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
    events = wanted[0]
    together = [one.name for one in wanted if one.partitions == events.partitions]
    numbers = {name: partitions[name] for name in together if name in partitions}
    if len(set(numbers.values())) > 1:
        listed = ", ".join(f"{name} {number}" for name, number in numbers.items())
        fix = f"bring all of them to {max(numbers.values())} partitions, with the workers stopped"
        yield Finding(_AREA, Level.FAULT, f"the topics are not partitioned alike: {listed}", fix)


def judge_settings(topic: TopicDeclaration, settings: Mapping[str, str]) -> Iterator[Finding]:
    """Compare an existing topic's settings with what it was declared to have."""
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
