"""The private parts of Faust and aiokafka that the transport relies on are where they were."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from millrace.streams.transport import (
    RELIED_UPON,
    BatchConsumer,
    BatchThread,
    broker_urls,
)


@pytest.mark.parametrize("owner", RELIED_UPON, ids=lambda owner: owner.__name__)
def test_overridden_names_still_exist(owner: type) -> None:
    for name in RELIED_UPON[owner]:
        assert callable(getattr(owner, name)), f"{owner.__name__}.{name} has moved"


def test_fetch_records_still_takes_the_consumer_first() -> None:
    parameters = inspect.signature(driver.AIOKafkaConsumerThread._fetch_records).parameters
    assert list(parameters)[:2] == ["self", "consumer"]


def test_the_coordinator_still_tells_generation_and_metadata() -> None:
    assert "self.generation" in inspect.getsource(GroupCoordinator)
    assert inspect.iscoroutinefunction(GroupCoordinator.fetch_committed_offsets)


def bare_consumer() -> Any:
    consumer = object.__new__(BatchConsumer)
    consumer.batched = frozenset({"events"})
    consumer._full = set()
    consumer._room = asyncio.Event()
    consumer._acked = {TP("events", 0): [1, 2, 3]}
    consumer._acked_index = {TP("events", 0): {1, 2, 3}}
    return consumer


async def test_faust_is_told_of_no_offset_for_the_sinks_topics() -> None:
    consumer = bare_consumer()
    assert consumer._new_offset(TP("events", 0)) is None
    assert consumer._acked[TP("events", 0)] == [], "acknowledgements would pile up"


async def test_a_held_partition_is_not_fetched_and_a_released_one_at_once() -> None:
    consumer = bare_consumer()
    tp = TP("events", 0)
    consumer.hold(tp)
    fetch = asyncio.ensure_future(consumer._getmany({tp}, 60.0))
    await asyncio.sleep(0)
    assert not fetch.done()
    consumer.release(tp)
    assert await fetch == {}


async def test_fetches_are_stamped_with_the_generation_they_were_made_under(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tp = TP("events", 0)
    record = SimpleNamespace(topic="events", partition=0, offset=7, timestamp=5, value=b"{}")

    async def fetch(self: Any, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        return {tp: [record], TP("other", 0): [record]}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    thread: Any = object.__new__(BatchThread)
    thread.consumer = bare_consumer()
    consumer = SimpleNamespace(_coordinator=SimpleNamespace(generation=42))
    found = await thread._fetch_records(consumer)
    (fetched,) = found[tp]
    assert (fetched.generation, fetched.records.first, fetched.records.end) == (42, 7, 8)
    assert found[TP("other", 0)] == [record]


def test_bootstrap_servers_become_urls() -> None:
    assert [str(url) for url in broker_urls("a:1, b:2")] == ["kafka://a:1", "kafka://b:2"]
