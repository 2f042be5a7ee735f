"""Reading compacted topics back, and seeing where records got, on the real broker."""

from __future__ import annotations

import asyncio

from millrace.streams.compacted import read_held, read_latest
from millrace.streams.outbox import Outbox
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import Topics, create_topics


async def test_what_was_published_is_read_back_with_its_places(
    kafka_settings: KafkaSettings,
) -> None:
    await create_topics(kafka_settings)
    topic = Topics(kafka_settings.topic_prefix).windows
    outbox = Outbox(kafka_settings)
    try:
        many = [(b"%d" % number, b"x" * 1_000) for number in range(3_000)]
        places = await outbox.publish(topic, 1, many)
        assert sorted(offset for place in places for offset in place) == list(range(3_000))
        assert len(places) > 1
        (second,) = await outbox.publish(topic, 1, [(b"1", None), (b"2", b"y")])
        assert second == range(3_000, 3_002)
    finally:
        await outbox.close()
    held = await read_held(kafka_settings, topic, 1)
    assert held.end == 3_002
    assert held.records == {key: value for key, value in many if key not in (b"1", b"2")} | {
        b"2": b"y"
    }
    assert await read_latest(kafka_settings, topic, 1, 3_000) == {b"1": None, b"2": b"y"}
    assert (await read_held(kafka_settings, topic, 0)).records == {}


async def test_the_largest_record_fits(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    topic, outbox = Topics(kafka_settings.topic_prefix).windows, Outbox(kafka_settings)
    try:
        async with asyncio.timeout(30):
            await outbox.publish(topic, 0, [(b"k", b"x" * 990_000), (b"l", b"y")])
    finally:
        await outbox.close()
    assert len((await read_held(kafka_settings, topic, 0)).records[b"k"]) == 990_000
