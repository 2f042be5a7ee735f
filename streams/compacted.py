"""Reading back what a partition of a compacted topic holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from aiokafka import TopicPartition

from millrace.schemas.errors import BrokerError
from millrace.streams.log_spans import reader
from millrace.streams.settings import KafkaSettings

Pair = tuple[bytes | None, bytes | None]  # key and value

#: Seconds without a record, short of the end, after which the broker counts as silent.
_SILENCE: Final = 30.0


class _Version(msgspec.Struct):
    log: str = ""
    through_offset: int = 0


_version = msgspec.json.Decoder(_Version).decode


class Held:
    """What a partition holds: the record of each key that a reader has to keep.

    Of two with the same ``log`` it is the one with the higher ``through_offset``, else the later
    one. ``end`` is the position up to which it was read.
    """

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.end = 0

    def add(self, found: Sequence[Pair]) -> None:
        """Take in records in the order of the log."""
        for key, value in found:
            if key is None:
                continue
            if value is None:
                self.records.pop(key, None)
            elif key not in self.records or not _older(value, self.records[key]):
                self.records[key] = value


async def read_held(kafka: KafkaSettings, topic: str, partition: int) -> Held:
    """Read a partition from its beginning to where it ends now.

    Raises BrokerError when Kafka cannot be read.
    """
    held = Held()
    held.end = await read_on(kafka, topic, partition, None, held.add)
    return held


async def read_latest(
    kafka: KafkaSettings, topic: str, partition: int, first: int
) -> dict[bytes, bytes | None]:
    """Return the last record of each key from position ``first`` on; raises as read_held does."""
    latest: dict[bytes, bytes | None] = {}

    def take(found: Sequence[Pair]) -> None:
        latest.update((key, value) for key, value in found if key is not None)

    await read_on(kafka, topic, partition, first, take)
    return latest


async def read_on(
    kafka: KafkaSettings,
    topic: str,
    partition: int,
    first: int | None,
    take: Callable[[Sequence[Pair]], None],
) -> int:
    """Hand over the records from ``first`` on, or all of them, to where the partition ends now.

    Returns that end. ``take`` is called in another thread; raises as read_held does.
    """
    place = TopicPartition(topic, partition)
    async with reader(kafka) as consumer:
        consumer.assign([place])
        end = int((await consumer.end_offsets([place]))[place])
        start = (await consumer.beginning_offsets([place]))[place] if first is None else first
        consumer.seek(place, start)
        silent = 0.0
        while await consumer.position(place) < end:
            found = (await consumer.getmany(place, timeout_ms=1000)).get(place, [])
            silent = 0.0 if found else silent + 1.0
            if silent > _SILENCE:
                raise BrokerError(
                    f"Kafka has delivered nothing of {place.topic}-{place.partition}"
                    f" for {_SILENCE:.0f} seconds"
                )
            pairs = [(record.key, record.value) for record in found if record.offset < end]
            # Off the event loop: there may be hundreds of thousands.
            await asyncio.to_thread(take, pairs)
    return end


def _older(value: bytes, known: bytes) -> bool:
    try:
        new, old = _version(value), _version(known)
    except msgspec.DecodeError:
        return False  # whoever needs to understand it says so
    return new.log == old.log and new.through_offset < old.through_offset
