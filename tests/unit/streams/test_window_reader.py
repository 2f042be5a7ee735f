from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from window_builders import NOON, TOPIC, FakeRecord, record, tombstone, window

from millrace.schemas.errors import BrokerError
from millrace.streams.kept_windows import KeptWindows
from millrace.streams.window_reader import WindowReader

SECONDS = 0.25


class ScriptedConsumer:
    """A consumer of a log in memory, with as many records at a time as it is told."""

    def __init__(self, *, partitions: int = 1, at_once: int = 100) -> None:
        self.log: defaultdict[int, list[FakeRecord]] = defaultdict(list)
        self.partitions = partitions
        self.lost = False
        self.asked = 0
        self._at_once = at_once
        self._positions: dict[int, int] = {}

    def append(self, *records: FakeRecord) -> None:
        for one in records:
            place = self.log[one.partition]
            place.append(FakeRecord(one.key, one.value, one.partition, len(place)))

    def partitions_for_topic(self, topic: str) -> set[int]:
        assert topic == TOPIC
        return set(range(self.partitions))

    def assign(self, places: Iterable[TopicPartition]) -> None:
        # As in the library, positions are forgotten.
        self._positions = {place.partition: 0 for place in places}

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._positions[place.partition] = offset

    async def position(self, place: TopicPartition) -> int:
        return self._positions[place.partition]

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked += 1
        if self.lost:
            raise KafkaTimeoutError("no answer")
        return {place: len(self.log[place.partition]) for place in places}

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
        assert timeout_ms > 0
        found: dict[TopicPartition, list[FakeRecord]] = {}
        for partition, position in self._positions.items():
            if records := self.log[partition][position : position + self._at_once]:
                found[TopicPartition(TOPIC, partition)] = records
                self._positions[partition] = records[-1].offset + 1
        return found


def reader_of(consumer: ScriptedConsumer) -> WindowReader:
    reader = WindowReader(consumer, TOPIC, KeptWindows())
    reader.assign(set(range(consumer.partitions)))
    return reader


async def polled(reader: WindowReader) -> list[Any]:
    return [(key.name, key.start - int(NOON.timestamp())) for key in await reader.poll(SECONDS)]


async def test_it_begins_with_everything_that_is_there() -> None:
    consumer = ScriptedConsumer(partitions=2, at_once=1)
    consumer.append(record(window(name="a")), record(window(name="b")))
    consumer.append(record(window(name="c", partition=1)))
    reader = reader_of(consumer)
    await reader.catch_up()
    assert sorted(key.name for key in reader.kept) == ["a", "b", "c"]
    assert await polled(reader) == []


async def test_an_empty_topic_is_caught_up_with_at_once() -> None:
    reader = reader_of(ScriptedConsumer())
    await reader.catch_up()
    assert len(reader.kept) == 0


async def test_changes_come_once_each() -> None:
    consumer = ScriptedConsumer()
    reader = reader_of(consumer)
    await reader.catch_up()
    later = window(start=NOON + timedelta(seconds=10))
    consumer.append(record(window()), record(later), record(window(through_offset=11)))
    assert await polled(reader) == [("api.requests", 0), ("api.requests", 10)]
    consumer.append(record(window(through_offset=11)))
    assert await polled(reader) == []
    consumer.append(tombstone(later))
    assert await polled(reader) == [("api.requests", 10)]
    assert len(reader.kept) == 1


async def test_a_topic_that_has_grown_is_read_from_its_beginning_and_the_rest_goes_on() -> None:
    consumer = ScriptedConsumer()
    reader = reader_of(consumer)
    consumer.append(record(window(name="a")), tombstone(window(name="a")), record(window(name="b")))
    await reader.catch_up()
    consumer.append(record(window(name="c", partition=1)))
    assert await polled(reader) == []
    consumer.partitions = 2
    consumer.append(record(window(name="d")))
    # Read anew, the first partition would show its first window again.
    assert sorted(await polled(reader)) == [("c", 0), ("d", 0)]


async def test_a_silent_broker_is_asked_whether_it_is_there() -> None:
    consumer = ScriptedConsumer()
    reader = reader_of(consumer)
    for _ in range(39):
        await reader.poll(SECONDS)
    assert consumer.asked == 0
    await reader.poll(SECONDS)
    assert consumer.asked == 1
    for _ in range(39):
        await reader.poll(SECONDS)
    consumer.append(record(window()))
    await reader.poll(SECONDS)
    await reader.poll(SECONDS)
    assert consumer.asked == 1


async def test_a_broker_that_is_gone_is_one_sentence() -> None:
    consumer = ScriptedConsumer()
    reader = reader_of(consumer)
    consumer.lost = True
    for _ in range(39):
        await reader.poll(SECONDS)
    with pytest.raises(BrokerError, match=r"The topic telemetry.windows could not be read: .*no a"):
        await reader.poll(SECONDS)


async def test_a_broker_that_goes_while_catching_up_is_noticed() -> None:
    consumer = ScriptedConsumer()
    consumer.append(record(window()))
    reader = reader_of(consumer)
    consumer.lost = True
    with pytest.raises(BrokerError):
        await reader.catch_up()


async def test_catching_up_does_not_wait_for_ever_for_what_never_comes() -> None:
    class MuteConsumer(ScriptedConsumer):
        async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
            self.lost = True
            return {}

    consumer = MuteConsumer()
    consumer.append(record(window()))
    with pytest.raises(BrokerError):
        await reader_of(consumer).catch_up()
