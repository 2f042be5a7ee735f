"""The private parts of Faust and aiokafka that the transport relies on are where they were."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import (
    BrokerResponseError,
    IllegalGenerationError,
    KafkaConnectionError,
    NotCoordinatorForGroupError,
    UnknownMemberIdError,
)
from aiokafka.protocol.commit import OffsetCommitRequest_v2
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from millrace.schemas.errors import BrokerError
from millrace.streams.transport import RELIED_UPON, BatchConsumer, broker_urls
from millrace.streams.transport_thread import BatchThread, Fenced, Membership


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


def coordinator(**fields: Any) -> Any:
    return SimpleNamespace(
        **{
            "generation": 42,
            "member_id": "me",
            "group_id": "group",
            "coordinator_dead": lambda: None,
            **fields,
        }
    )


async def test_fetches_are_stamped_with_the_membership_they_were_made_under(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tp = TP("events", 0)
    record = SimpleNamespace(topic="events", partition=0, offset=7, timestamp=5, value=b"{}")

    async def fetch(self: Any, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        return {tp: [record], TP("other", 0): [record]}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    thread: Any = object.__new__(BatchThread)
    thread.consumer = bare_consumer()
    thread._next = {tp: (3, 5)}
    found = await thread._fetch_records(SimpleNamespace(_coordinator=coordinator()))
    (fetched,) = found[tp]
    assert fetched.membership == Membership(42, "me")
    assert (fetched.reading, fetched.records.first, fetched.records.end) == (3, 5, 8)
    assert thread._next[tp] == (3, 8)
    assert found[TP("other", 0)] == [record]


class CommitThread:
    """A consumer's thread whose broker gives one answer to every commit."""

    def __init__(self, answer: int | Exception, **fields: Any) -> None:
        self.sent: list[Any] = []
        self.dead = 0

        async def send(request: Any) -> Any:
            self.sent.append(request)
            if isinstance(answer, Exception):
                raise answer
            return SimpleNamespace(topics=[("events", [(0, answer)])])

        def dead() -> None:
            self.dead += 1

        thread: Any = object.__new__(BatchThread)
        self.thread = thread
        consumer = SimpleNamespace(
            _coordinator=coordinator(_send_req=send, coordinator_dead=dead, **fields),
            assignment=lambda: {TopicPartition("events", 0)},
        )
        self.thread._ensure_consumer = lambda: consumer

    async def commit(self, *, partition: int = 0) -> None:
        await self.thread._commit_position(TP("events", partition), 7, "m", Membership(42, "me"))


async def test_a_commit_is_one_request_as_the_member_of_the_assignment() -> None:
    broker = CommitThread(0)
    await broker.commit()
    (request,) = broker.sent
    built = request.build(OffsetCommitRequest_v2)
    assert built.consumer_group_generation_id == 42
    assert built.consumer_id == "me"
    assert built.topics == [("events", [(0, 7, "m")])]


@pytest.mark.parametrize("fields", [{"generation": 43}, {"member_id": "another"}], ids=str)
async def test_nothing_is_sent_as_somebody_else(fields: dict[str, Any]) -> None:
    broker = CommitThread(0, **fields)
    with pytest.raises(Fenced):
        await broker.commit()
    assert not broker.sent


async def test_nothing_is_sent_for_a_partition_that_was_lost() -> None:
    broker = CommitThread(0)
    with pytest.raises(Fenced):
        await broker.commit(partition=1)
    assert not broker.sent


@pytest.mark.parametrize("error", [UnknownMemberIdError, IllegalGenerationError])
async def test_the_brokers_no_is_final(error: type[BrokerResponseError]) -> None:
    with pytest.raises(Fenced):
        await CommitThread(error.errno).commit()


@pytest.mark.parametrize(
    "answer", [NotCoordinatorForGroupError.errno, KafkaConnectionError("away"), 29], ids=str
)
async def test_a_commit_that_may_have_failed_is_not_sent_again_here(answer: Any) -> None:
    broker = CommitThread(answer)
    with pytest.raises(BrokerError, match="events-0") as raised:
        await broker.commit()
    assert not isinstance(raised.value, Fenced)
    assert len(broker.sent) == 1
    assert broker.dead == (answer == NotCoordinatorForGroupError.errno)


async def test_a_partition_is_read_from_where_it_is_told_and_from_nowhere_else() -> None:
    sought = []
    consumer = SimpleNamespace(
        seek=lambda place, offset: sought.append((place, offset)),
        assignment=lambda: {TopicPartition("events", 0)},
    )
    thread: Any = object.__new__(BatchThread)
    thread.consumer, thread._next = bare_consumer(), {}
    thread._ensure_consumer = lambda: consumer
    await thread._read_from(TP("events", 0), 0, 9)
    assert sought == [(TopicPartition("events", 0), 0)]
    assert thread._next == {TP("events", 0): (9, 0)}
    assert await thread.seek_to_committed() == {}, "Faust would skip what was never committed"


async def test_the_membership_is_noted_before_the_app_hears_of_its_partitions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = []

    async def tell(self: Any, assigned: Any, generation_id: int = 0) -> None:
        heard.append(self.membership)

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "on_partitions_assigned", tell)
    thread: Any = object.__new__(BatchThread)
    thread._ensure_consumer = lambda: SimpleNamespace(_coordinator=coordinator())
    await thread.on_partitions_assigned({TP("events", 0)}, 42)
    assert heard == [Membership(42, "me")]


def test_aiokafka_still_has_what_a_commit_is_made_of() -> None:
    source = inspect.getsource(GroupCoordinator)
    for name in ("self.member_id", "self.group_id", "def coordinator_dead", "def _send_req"):
        assert name in source, f"GroupCoordinator.{name} has moved"
    for name in ("self._isolation_level", "self._fetch_max_wait_ms"):
        assert name in inspect.getsource(AIOKafkaConsumer.start), f"{name} is not used any more"


def test_bootstrap_servers_become_urls() -> None:
    assert [str(url) for url in broker_urls("a:1, b:2")] == ["kafka://a:1", "kafka://b:2"]
