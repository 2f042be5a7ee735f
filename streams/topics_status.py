"""Where every topic of an installation stands: its layout, its log, what the store has of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from millrace.schemas.errors import BrokerError
from millrace.streams import generations, pauses
from millrace.streams.connection import client_arguments, stop
from millrace.streams.letters import Tables
from millrace.streams.log_positions import ledger_ends
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import (
    Topics,
    administrator,
    declarations,
    keeps_only_the_newest,
    topic_settings,
)


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition; ``stored`` is where the ledger ends, None where nothing is entered."""

    partition: int
    start: int
    end: int
    stored: int | None = None
    paused: str = ""

    @property
    def lag(self) -> int:
        """How many offsets of the log are not in the ledger."""
        return max(0, self.end - max(self.start, self.stored or 0))


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """One topic; without ``partitions`` it does not exist yet."""

    name: str
    replication: int
    cleanup: str
    co_partitioned: bool
    ingested: bool
    partitions: Sequence[PartitionStatus] = ()


async def topics_status(kafka: KafkaSettings) -> list[TopicStatus]:
    """Return what the broker knows of each declared topic. Raises BrokerError."""
    topics = Topics(kafka.topic_prefix)
    wanted = declarations(kafka)
    names = {one.name for one in wanted}
    try:
        async with administrator(kafka) as admin:
            described = {
                topic["topic"]: topic["partitions"]
                for topic in await admin.describe_topics()
                if topic["topic"] in names
            }
            real = not await keeps_only_the_newest(admin)
            settings = {name: await topic_settings(admin, name) for name in described if real}
        spans = await _spans(kafka, described)
    except (KafkaError, OSError) as error:
        raise BrokerError(
            f"Kafka at {kafka.bootstrap_servers} did not describe the topics: {error}"
        ) from error
    return [
        TopicStatus(
            name=one.name,
            replication=min((len(p["replicas"]) for p in described.get(one.name, ())), default=0),
            cleanup=settings.get(one.name, {}).get("cleanup.policy", ""),
            co_partitioned=one.co_partitioned,
            ingested=one.name in (topics.events, topics.millrace),
            partitions=spans.get(one.name, ()),
        )
        for one in wanted
    ]


def with_store(store: Tables, topics: Sequence[TopicStatus]) -> list[TopicStatus]:
    """Return the same with what the ledger and the pauses say. Raises StoreError."""
    paused = {
        (pause.place.topic, pause.place.partition): pause.reason for pause in pauses.paused(store)
    }
    return [_with_store(store, topic, paused) if topic.ingested else topic for topic in topics]


def _with_store(
    store: Tables, topic: TopicStatus, paused: Mapping[tuple[str, int], str]
) -> TopicStatus:
    ends = ledger_ends(store, generations.current(store, topic.name) or "", topic.name)
    return replace(
        topic,
        partitions=[
            replace(
                part,
                stored=ends.get(part.partition),
                paused=paused.get((topic.name, part.partition), ""),
            )
            for part in topic.partitions
        ],
    )


async def _spans(
    kafka: KafkaSettings, described: Mapping[str, Sequence[Mapping[str, int]]]
) -> dict[str, list[PartitionStatus]]:
    places = {
        name: [TopicPartition(name, number) for number in sorted(p["partition"] for p in parts)]
        for name, parts in described.items()
    }
    every = [place for found in places.values() for place in found]
    if not every:
        return {}
    consumer = AIOKafkaConsumer(**client_arguments(kafka))
    try:
        await consumer.start()
        starts = await consumer.beginning_offsets(every)
        ends = await consumer.end_offsets(every)
    finally:
        await stop(consumer)
    return {
        name: [PartitionStatus(place.partition, starts[place], ends[place]) for place in found]
        for name, found in places.items()
    }
