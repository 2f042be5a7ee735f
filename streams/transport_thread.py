"""The consumer's thread of the transport: fetches, commits and reads positions for the sink.

With transport.py the only place for private names of Faust and aiokafka.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from aiokafka import errors as kafka_errors
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from millrace.schemas.errors import BrokerError
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.topic_ids import topic_ids

if TYPE_CHECKING:
    from millrace.streams.transport import BatchConsumer


class Fenced(BrokerError):
    """The partition is no longer this worker's: nothing may be committed for it."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Who this worker is in its group: one generation's member, from one rebalance to the next."""

    generation: int
    member: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """One partition's share of a fetch.

    ``reading`` is what :meth:`Offsets.read_from` was told last; the records follow without a hole
    on those of the fetch before, which may have been lost on its way.
    """

    membership: Membership
    reading: int
    records: RecordBatch


@dataclass(frozen=True, slots=True)
class Committed:
    """A partition's committed position with its metadata."""

    offset: int
    metadata: str


_FETCH_WAIT_MS: Final = 200
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Where the next fetch of a partition begins, and in which reading.
        self._next: dict[TP, tuple[int, int]] = {}

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # What a producer took back must not count; Faust offers this only with its transactions.
        consumer._isolation_level = "read_committed"
        # What is asked of the broker on the same connection waits behind a fetch for so long.
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS
        return consumer

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Note the membership, then tell the app of its partitions."""
        self.membership = _membership(self._ensure_consumer())
        await super().on_partitions_assigned(assigned, generation_id)

    async def _fetch_records(self, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        records = await super()._fetch_records(consumer, *args, **kwargs)
        # No await between the fetch and this line, so that neither a rebalance nor a seek can come
        # between.
        membership = _membership(consumer)
        return {
            tp: [self._fetched(TP(*tp), membership, found)]
            if tp.topic in self._batched and found
            else found
            for tp, found in records.items()
        }

    def _fetched(self, tp: TP, membership: Membership, found: list[Any]) -> Fetched:
        reading, first = self._next.get(tp, (0, 0))
        first = min(first, found[0].offset)  # a shorter log than the one that was read so far
        self._next[tp] = (reading, found[-1].offset + 1)
        records = record_batch(
            tp.topic,
            tp.partition,
            first,
            [record.offset for record in found],
            [record.timestamp for record in found],
            [record.value for record in found],
        )
        return Fetched(membership, reading, records)

    @property
    def _batched(self) -> frozenset[str]:
        return cast("BatchConsumer", self.consumer).batched

    async def read_from(self, tp: TP, offset: int, reading: int) -> None:
        """Fetch a partition from an offset on. Raises Fenced when it is not ours any more."""
        await self.call_thread(self._read_from, tp, offset, reading)

    async def _read_from(self, tp: TP, offset: int, reading: int) -> None:
        try:
            self._ensure_consumer().seek(TopicPartition(tp.topic, tp.partition), offset)
        except kafka_errors.IllegalStateError as error:
            raise _fenced(tp) from error
        self._next[tp] = (reading, offset)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Leave the sink's topics where it reads them; Faust would skip what it never committed."""
        consumer = self._ensure_consumer()
        places = [place for place in consumer.assignment() if place.topic not in self._batched]
        if not places:
            return {}
        return cast(Mapping[TP, int], await self.call_thread(consumer.seek_to_committed, *places))

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
        if tp.topic not in self._batched:
            super().verify_event_path(now, tp)


def _membership(consumer: Any) -> Membership:
    return Membership(consumer._coordinator.generation, consumer._coordinator.member_id)


def _fenced(tp: TP) -> Fenced:
    return Fenced(f"Partition {tp.topic}-{tp.partition} was rebalanced; offset not moved")


def _not_committed(tp: TP, offset: int, error: Exception) -> BrokerError:
    return BrokerError(
        f"Offset {offset} of {tp.topic}-{tp.partition} could not be committed: {error}"
    )
