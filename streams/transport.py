"""A Faust transport that hands an agent whole record batches instead of one task a record.

For the topics of the sink it also takes the offsets out of Faust's hands: Faust commits nothing
there; only the sink does, with its own metadata. Every private name of Faust and aiokafka that
Millrace relies on is in this module, and tests/unit/streams/test_transport.py fails when one moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from aiokafka import errors as kafka_errors
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from yarl import URL

from millrace.schemas.errors import BrokerError
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.topic_ids import topic_ids


class Fenced(BrokerError):
    """The partition is no longer this worker's: nothing may be committed for it."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Who this worker is in its group: one generation's member, from one rebalance to the next."""

    generation: int
    member: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """One partition's share of a fetch, with the membership that it was fetched under."""

    membership: Membership
    records: RecordBatch


@dataclass(frozen=True, slots=True)
class Committed:
    """A partition's committed position with its metadata."""

    offset: int
    metadata: str


#: The broker's answers to a commit that say: another member may have the partition by now.
_LOST: Final = (
    kafka_errors.UnknownMemberIdError,
    kafka_errors.IllegalGenerationError,
    kafka_errors.RebalanceInProgressError,
)
#: Its answers that say: ask another broker of the cluster.
_MOVED: Final = (
    kafka_errors.GroupCoordinatorNotAvailableError,
    kafka_errors.NotCoordinatorForGroupError,
    kafka_errors.RequestTimedOutError,
)


class BatchThread(driver.AIOKafkaConsumerThread):
    """The consumer's thread: builds the batches, and commits and reads positions."""

    #: As whom the partitions of now were assigned; set before anybody hears of them.
    membership = Membership(-1, "")

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # What a producer took back must not count; Faust offers this only with its transactions.
        consumer._isolation_level = "read_committed"
        return consumer

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Note the membership, then tell the app of its partitions."""
        self.membership = _membership(self._ensure_consumer())
        await super().on_partitions_assigned(assigned, generation_id)

    async def _fetch_records(self, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        records = await super()._fetch_records(consumer, *args, **kwargs)
        # No await between the fetch and this line, so that no rebalance can come between.
        membership = _membership(consumer)
        batched = cast(BatchConsumer, self.consumer).batched
        return {
            tp: [_fetched(membership, found)] if tp.topic in batched and found else found
            for tp, found in records.items()
        }

    async def commit_position(
        self, tp: TP, offset: int, metadata: str, membership: Membership
    ) -> None:
        """Commit one position. Raises Fenced when the group has moved on."""
        await self.call_thread(self._commit_position, tp, offset, metadata, membership)

    async def _commit_position(
        self, tp: TP, offset: int, metadata: str, membership: Membership
    ) -> None:
        # Not the consumer's own commit: it waits for a coordinator and tries again, each time as
        # whoever it then is. Here the membership is of the assignment, for the broker as for us.
        consumer = self._ensure_consumer()
        coordinator = consumer._coordinator
        place = TopicPartition(tp.topic, tp.partition)
        if _membership(consumer) != membership or place not in consumer.assignment():
            raise _fenced(tp)
        request = OffsetCommitRequest(
            coordinator.group_id,
            membership.generation,
            membership.member,
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            [(tp.topic, [(tp.partition, offset, metadata)])],
        )
        try:
            response = await coordinator._send_req(request)
        except kafka_errors.KafkaError as error:
            raise _not_committed(tp, offset, error) from error
        ((_, ((_, code),)),) = response.topics
        verdict = kafka_errors.for_code(code)
        if issubclass(verdict, _LOST):
            raise _fenced(tp)
        if issubclass(verdict, _MOVED):
            coordinator.coordinator_dead()
        if verdict is not kafka_errors.NoError:
            raise _not_committed(tp, offset, verdict())

    async def committed_position(self, tp: TP) -> Committed | None:
        """Return the committed position with its metadata, or None when there is none."""
        return cast("Committed | None", await self.call_thread(self._committed_position, tp))

    async def _committed_position(self, tp: TP) -> Committed | None:
        coordinator = self._ensure_consumer()._coordinator
        place = TopicPartition(tp.topic, tp.partition)
        found = (await coordinator.fetch_committed_offsets([place])).get(place)
        if found is None or found.offset < 0:
            return None
        return Committed(found.offset, found.metadata or "")

    async def log_start(self, tp: TP) -> int:
        """Return the first offset that the log still has."""
        return cast(int, await self.call_thread(self._log_start, tp))

    async def _log_start(self, tp: TP) -> int:
        place = TopicPartition(tp.topic, tp.partition)
        try:
            starts = await self._ensure_consumer().beginning_offsets([place])
        except kafka_errors.KafkaError as error:
            raise BrokerError(
                f"Kafka did not tell where {tp.topic}-{tp.partition} begins: {error}"
            ) from error
        return int(starts[place])

    async def topic_id(self, topic: str) -> str:
        """Return Kafka's id of a topic, empty from a broker that gives none."""
        return cast(str, await self.call_thread(self._topic_id, topic))

    async def _topic_id(self, topic: str) -> str:
        try:
            ids = await topic_ids(self._ensure_consumer()._client, [topic])
        except kafka_errors.KafkaError as error:
            raise BrokerError(f"Kafka did not tell the id of topic {topic}: {error}") from error
        if topic not in ids:
            # As for a moment after the broker's start; a topic that is gone has nothing to store.
            raise BrokerError(f"The topic {topic} is not there")
        return ids[topic]

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's watchdog knows nothing of the sink's commits; it would cry wolf."""
        if tp.topic not in cast(BatchConsumer, self.consumer).batched:
            super().verify_event_path(now, tp)


class BatchConsumer(driver.Consumer):
    """A consumer that delivers batches for some topics and can leave full partitions alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batched: frozenset[str] = cast(BatchTransport, self.transport).batched
        self._full: set[TP] = set()
        self._room = asyncio.Event()

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    def hold(self, tp: TP) -> None:
        """Fetch no more of a partition for now. Its place in the group is kept."""
        self._full.add(tp)

    def release(self, tp: TP) -> None:
        """Fetch a partition again."""
        self._full.discard(tp)
        self._room.set()

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109
        wanted = (active_partitions or set()) - self._full
        if not wanted:
            self._room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), timeout)
            return {}
        return await super()._getmany(wanted, timeout)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Fetched):
            return super()._to_message(tp, record)
        records = record.records
        return ConsumerMessage(
            records.topic,
            records.partition,
            records.end - 1,
            int(records.timestamps[-1]) / 1000,
            0,
            [],
            None,
            cast(Any, record),
            None,
            tp=tp,
            generation_id=record.membership.generation,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        if tp.topic not in self.batched:
            await super()._add_gap(tp, offset_from, offset_to)

    def _new_offset(self, tp: TP) -> int | None:
        if tp.topic not in self.batched:
            return super()._new_offset(tp)
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return None


class BatchTransport(driver.Transport):
    """The Faust transport; ``batched`` names the topics delivered as batches."""

    Consumer = BatchConsumer

    def __init__(self, url: list[URL], app: Any, *, batched: Iterable[str]) -> None:
        self.batched = frozenset(batched)
        super().__init__(url, app)


class Offsets:
    """The sink's hold on its partitions' positions."""

    def __init__(self, consumer: BatchConsumer) -> None:
        self._consumer = consumer

    @property
    def _thread(self) -> BatchThread:
        return cast(BatchThread, self._consumer._thread)

    @property
    def membership(self) -> Membership:
        """As whom the partitions of now were assigned."""
        return self._thread.membership

    async def commit(self, tp: TP, offset: int, metadata: str, membership: Membership) -> None:
        """Commit one position, once. Raises Fenced when the group has moved on."""
        await self._thread.commit_position(tp, offset, metadata, membership)

    async def committed(self, tp: TP) -> Committed | None:
        """Return the committed position with its metadata, or None when there is none."""
        return await self._thread.committed_position(tp)

    async def log_start(self, tp: TP) -> int:
        """Return the first offset that the log still has; BrokerError when Kafka is away."""
        return await self._thread.log_start(tp)

    async def topic_id(self, topic: str) -> str:
        """Return Kafka's id of a topic; BrokerError when Kafka is away."""
        return await self._thread.topic_id(topic)

    def hold(self, tp: TP) -> None:
        """Fetch no more of a partition for now."""
        self._consumer.hold(tp)

    def release(self, tp: TP) -> None:
        """Fetch a partition again."""
        self._consumer.release(tp)


def _membership(consumer: Any) -> Membership:
    return Membership(consumer._coordinator.generation, consumer._coordinator.member_id)


def _fenced(tp: TP) -> Fenced:
    return Fenced(f"Partition {tp.topic}-{tp.partition} was rebalanced; offset not moved")


def _not_committed(tp: TP, offset: int, error: Exception) -> BrokerError:
    return BrokerError(
        f"Offset {offset} of {tp.topic}-{tp.partition} could not be committed: {error}"
    )


def _fetched(membership: Membership, found: list[Any]) -> Fetched:
    head = found[0]
    return Fetched(
        membership,
        record_batch(
            head.topic,
            head.partition,
            head.offset,
            [record.offset for record in found],
            [record.timestamp for record in found],
            [record.value for record in found],
        ),
    )


def broker_urls(bootstrap_servers: str) -> list[URL]:
    """Return ``host:port,host:port`` as the URLs that Faust wants."""
    return [URL(f"kafka://{server.strip()}") for server in bootstrap_servers.split(",")]


#: What this module takes for granted about the private parts of its base classes.
RELIED_UPON: Mapping[type, tuple[str, ...]] = {
    driver.AIOKafkaConsumerThread: (
        "_create_worker_consumer",
        "_fetch_records",
        "_ensure_consumer",
        "on_partitions_assigned",
        "verify_event_path",
    ),
    driver.Consumer: (
        "_getmany",
        "_to_message",
        "_add_gap",
        "_new_offset",
        "_new_consumer_thread",
    ),
}
