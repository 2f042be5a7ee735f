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
from typing import Any, cast

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from yarl import URL

from millrace.schemas.errors import BrokerError
from millrace.streams.record_batch import RecordBatch, record_batch


class Fenced(BrokerError):
    """The partition is no longer this worker's: nothing may be committed for it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One partition's share of a fetch, with the group generation that it was fetched under."""

    generation: int
    records: RecordBatch


@dataclass(frozen=True, slots=True)
class Committed:
    """A partition's committed position with its metadata."""

    offset: int
    metadata: str


class BatchThread(driver.AIOKafkaConsumerThread):
    """The consumer's thread: builds the batches, and commits and reads positions."""

    async def _fetch_records(self, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        records = await super()._fetch_records(consumer, *args, **kwargs)
        # No await between the fetch and this line, so that no rebalance can come between.
        generation = consumer._coordinator.generation
        batched = cast(BatchConsumer, self.consumer).batched
        return {
            tp: [_fetched(generation, found)] if tp.topic in batched and found else found
            for tp, found in records.items()
        }

    async def commit_position(self, tp: TP, offset: int, metadata: str, generation: int) -> None:
        """Commit one position. Raises Fenced when the group has moved on."""
        await self.call_thread(self._commit_position, tp, offset, metadata, generation)

    async def _commit_position(self, tp: TP, offset: int, metadata: str, generation: int) -> None:
        consumer = self._ensure_consumer()
        if consumer._coordinator.generation != generation:
            raise Fenced(f"Partition {tp.topic}-{tp.partition} was rebalanced; offset not moved")
        place = TopicPartition(tp.topic, tp.partition)
        try:
            await consumer.commit({place: OffsetAndMetadata(offset, metadata)})
        except (CommitFailedError, IllegalStateError) as error:
            raise Fenced(
                f"Partition {tp.topic}-{tp.partition} was rebalanced; offset not moved"
            ) from error
        except KafkaError as error:
            raise BrokerError(
                f"Offset {offset} of {tp.topic}-{tp.partition} could not be committed: {error}"
            ) from error

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
            generation_id=record.generation,
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

    async def commit(self, tp: TP, offset: int, metadata: str, generation: int) -> None:
        """Commit one position. Raises Fenced when the group has moved on."""
        await self._thread.commit_position(tp, offset, metadata, generation)

    async def committed(self, tp: TP) -> Committed | None:
        """Return the committed position with its metadata, or None when there is none."""
        return await self._thread.committed_position(tp)

    def hold(self, tp: TP) -> None:
        """Fetch no more of a partition for now."""
        self._consumer.hold(tp)

    def release(self, tp: TP) -> None:
        """Fetch a partition again."""
        self._consumer.release(tp)


def _fetched(generation: int, found: list[Any]) -> Fetched:
    head = found[0]
    return Fetched(
        generation,
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
    driver.AIOKafkaConsumerThread: ("_fetch_records", "_ensure_consumer", "verify_event_path"),
    driver.Consumer: (
        "_getmany",
        "_to_message",
        "_add_gap",
        "_new_offset",
        "_new_consumer_thread",
    ),
}
