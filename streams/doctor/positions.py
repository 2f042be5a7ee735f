"""Where the group, the log and the ledger stand: would each partition go on, and from where?"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.types import TP

from millrace.clickhouse.client import Store
from millrace.schemas.errors import BrokerError, ConfigurationError, MillraceError
from millrace.streams import generations
from millrace.streams.connection import client_arguments, stop
from millrace.streams.doctor.clocks import FAULT_SECONDS, WARNING_SECONDS, judge_skew
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.intent import Intent
from millrace.streams.log_positions import ledger_ends
from millrace.streams.open_intents import (
    Group,
    OpenIntent,
    Place,
    Position,
    ingested_places,
    intents_of,
    read_group,
)
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.takeover import lost_events, start_of
from millrace.streams.topic_ids import ask_topic_ids
from millrace.streams.topics import Topics, administrator
from millrace.streams.transport_thread import Committed

_AREA: Final = "positions"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The offsets of a partition's log: what it begins with and where it ends."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store knows of a topic: its generation, where its ledger ends, catalogues kept."""

    log: str
    ends: Mapping[int, int]
    catalogues: Collection[str]
    topic_id: str = ""
    anew: bool = False


async def check_positions(settings: Settings) -> list[Finding]:
    """Compare the group's offsets, the log's bounds and the ledger of every ingested partition.

    May run while workers do: what moves between two looks is not judged.
    """
    try:
        before = await read_group(settings.kafka)
        bounds, ahead = await _look(settings.kafka)
        kept = await asyncio.to_thread(_kept, settings)
        ids = await ask_topic_ids(settings.kafka, kept)
        after = await read_group(settings.kafka)
    except MillraceError as error:
        return [Finding(_AREA, Level.NOTE, f"could not be compared: {error}")]
    still = {
        place: one
        for place, one in bounds.items()
        if before.positions.get(place) == after.positions.get(place)
    }
    found = list(judge_lives(kept, ids))
    same = {name: one for name, one in kept.items() if not _made_anew(one, ids.get(name, ""))}
    found += _judge(after, still, same)
    if not any(finding.level is Level.FAULT for finding in found):
        text = f"{len(still)} partitions would go on where their ledger ends"
        moving = f", {len(bounds) - len(still)} are moving" if len(still) < len(bounds) else ""
        found.append(Finding(_AREA, Level.OK, text + moving))
    return [*found, judge_skew("Kafka", ahead)] if ahead else found


def judge_lives(kept: Mapping[str, Kept], ids: Mapping[str, str]) -> Iterator[Finding]:
    """Tell which topics were made anew since their generation was settled; ``ids`` are Kafka's."""
    for name, one in kept.items():
        if _made_anew(one, ids.get(name, "")):
            text = f"the topic {name} was made anew since its last worker began"
            fix = "restart the workers: they begin a new generation; what was not stored is lost"
            yield Finding(_AREA, Level.WARNING, text, fix)


def _made_anew(kept: Kept, topic_id: str) -> bool:
    return bool(kept.topic_id and topic_id and kept.topic_id != topic_id)


def _judge(
    group: Group, bounds: Mapping[Place, Bounds], kept: Mapping[str, Kept]
) -> Iterator[Finding]:
    intents = {(one.topic, one.partition): one for one in intents_of(group.positions)}
    for place, log in bounds.items():
        if place[0] in kept:
            position, intent = group.positions.get(place), intents.get(place)
            yield from judge_partition(place, position, intent, log, kept[place[0]])


def judge_partition(
    place: Place,
    position: Position | None,
    intent: OpenIntent | None,
    log: Bounds,
    kept: Kept,
) -> Iterator[Finding]:
    """Tell what would keep a partition from going on, and what it has lost."""
    tp, ledger = TP(*place), kept.ends.get(place[1])
    name = f"{tp.topic}-{tp.partition}"
    if ledger is not None and ledger > log.end:
        text = f"the ledger of {name} ends at {ledger} but its log at {log.end}"
        if kept.topic_id:
            fix = (
                "the broker lost records that it had acknowledged: restore it, or stop the workers"
            )
            fix += " and make the topic anew"
            yield Finding(_AREA, Level.FAULT, text, fix)
        else:
            fix = "if the topic was made anew all is well: the next worker begins a new generation"
            yield Finding(_AREA, Level.WARNING, text, fix)
        return
    if intent is not None and intent.problem:
        yield Finding(_AREA, Level.FAULT, f"the open range {intent} cannot be read", intent.problem)
        return
    open_range = None
    if intent is not None and intent.log == kept.log and intent.end is not None:
        open_range = Intent(intent.end, intent.catalogue, intent.log)
        if intent.catalogue not in kept.catalogues:
            yield Finding(
                _AREA,
                Level.FAULT,
                f"the catalogue {intent.catalogue[:12]} of the open range {intent} is not kept",
                "restore the store's table catalogues from a backup",
            )
    yield from _judge_start(tp, position, open_range, log, kept)


def _judge_start(
    tp: TP, position: Position | None, intent: Intent | None, log: Bounds, kept: Kept
) -> Iterator[Finding]:
    ledger = kept.ends.get(tp.partition)
    committed = Committed(position.offset, position.metadata) if position else None
    try:
        start = start_of(tp, committed, intent, ledger, log.start, anew=kept.anew)
        lost = lost_events(tp, start, intent, log.start)
    except ConfigurationError as error:
        text, _, fix = str(error).partition(": ")
        yield Finding(_AREA, Level.FAULT, text, fix)
        return
    name = f"{tp.topic}-{tp.partition}"
    if start > log.end:
        text = f"the group's offset for {name} is {start} but the log ends at {log.end}"
        yield Finding(_AREA, Level.FAULT, text, f"reset the group's offset to {ledger or 0}")
    if lost:
        yield Finding(
            _AREA,
            Level.FAULT,
            f"{lost:,} offsets of {name} from {start} left the log before they were stored",
            f"nothing brings them back; a worker goes on at {log.start}; raise retention.ms",
        )


async def _look(kafka: KafkaSettings) -> tuple[dict[Place, Bounds], float]:
    """Return the bounds of every ingested partition, and how far the broker's clock is ahead."""
    topics = Topics(kafka.topic_prefix)
    try:
        async with administrator(kafka) as admin:
            places = await ingested_places(admin, topics)
        return await _bounds(kafka, places) if places else ({}, 0.0)
    except (KafkaError, OSError) as error:
        raise BrokerError(f"Kafka did not tell the bounds of the log: {error}") from error


async def _bounds(
    kafka: KafkaSettings, places: list[TopicPartition]
) -> tuple[dict[Place, Bounds], float]:
    consumer = AIOKafkaConsumer(**client_arguments(kafka))
    try:
        await consumer.start()
        starts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        ahead = await _ahead(consumer, places)
    finally:
        await stop(consumer)
    return {(p.topic, p.partition): Bounds(starts[p], ends[p]) for p in places}, ahead


async def _ahead(consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> float:
    # A broker does not tell its time, but it stamps records with it: none may be of the future.
    now = datetime.now(UTC).timestamp()
    for seconds in (FAULT_SECONDS, WARNING_SECONDS):
        found = await consumer.offsets_for_times(
            dict.fromkeys(places, int((now + seconds) * 1000) + 1)
        )
        stamps = [one.timestamp for one in found.values() if one is not None and one.timestamp > 0]
        if stamps:
            return float(max(stamps)) / 1000 - now
    return 0.0


def _kept(settings: Settings) -> dict[str, Kept]:
    clickhouse = settings.clickhouse
    store = Store.connect(clickhouse.url.get_secret_value(), timeout=clickhouse.timeout)
    topics = Topics(settings.kafka.topic_prefix)
    try:
        catalogues = {str(name) for (name,) in store.rows("SELECT fingerprint FROM catalogues")}
        logs = {name: generations.current(store, name) for name in (topics.events, topics.millrace)}
        return {
            name: Kept(
                log,
                ledger_ends(store, log, name),
                catalogues,
                _topic_id(store, log),
                generations.made_anew(store, name),
            )
            for name, log in logs.items()
            if log is not None
        }
    finally:
        store.close()


def _topic_id(store: Store, log: str) -> str:
    ((found,),) = store.rows(
        "SELECT max(topic_id) FROM topic_logs WHERE log = {log:String}", {"log": log}
    )
    return str(found)
