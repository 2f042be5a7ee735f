"""A Faust transport that hands an agent whole record batches instead of one task a record.

For the topics of the sink it also takes the offsets out of Faust's hands: Faust commits nothing
there; only the sink does, with its own metadata. Every private name of Faust and aiokafka that
Millrace relies on is here and in transport_thread.py; tests/unit/streams/test_transport.py fails
when one moves.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, cast

from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from yarl import URL

from millrace.streams.transport_thread import BatchThread, Committed, Fetched, Membership


class BatchConsumer(driver.Consumer):
    """A consumer that delivers batches for some topics and can leave full partitions alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batched: frozenset[str] = cast(BatchTransport, self.transport).batched
        self._full: set[TP] = set()
        self._room = asyncio.Event()
        self._deliveries = itertools.count()

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
            # Not an offset: Faust passes over what lies before the last one that it has seen, and
            # a partition may be read again from further back.
            next(self._deliveries),
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

    async def read_from(self, tp: TP, offset: int, reading: int) -> None:
        """Fetch a partition from an offset on, as ``reading``; raises Fenced when it is lost."""
        await self._thread.read_from(tp, offset, reading)

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
        "seek_to_committed",
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
