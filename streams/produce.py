"""Publish NDJSON lines to a topic, fast, and know of each one whether the broker has it.

Batches are built here and handed over whole, which costs a third of one call a record.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.codec import has_lz4
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata, TopicPartition

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments
from millrace.streams.local.memory import AHEAD_BYTES
from millrace.streams.partition_key import Keys
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import (
    MAX_MESSAGE_BYTES,
    administrator,
    keeps_only_the_newest,
    partitions_of,
    topic_settings,
)

#: What the wire format adds to a record and to its batch, at most.
_OVERHEAD: Final = 512
_BATCH_BYTES: Final = 512 * 1024
#: Lines between two looks at the event loop.
_CHUNK: Final = 2_000
_WAIT_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Failure:
    """A line that is not in the log, by its number in the input (from 1), and why."""

    line: int
    reason: str


@dataclass(slots=True)
class _Batch:
    """A batch being filled for one partition, and the lines in it."""

    builder: BatchBuilder
    lines: list[int] = field(default_factory=list)
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch that the in-memory broker must keep until the consumer is done with it."""

    end_offset: int
    bytes: int


class Publisher:
    """Publishes lines to one topic; an async context manager.

    ``read``, ``acknowledged`` and ``failures`` are final after ``flush``. Lines with the same
    tenant and name keep their order. Empty lines are passed over. On the in-memory broker, which
    forgets what is not consumed in time, publishing waits for the consumer group of the settings.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topic: str,
        *,
        on_progress: Callable[[Publisher], None] | None = None,
    ) -> None:
        self.read = 0
        self.bytes_read = 0
        self.acknowledged = 0
        self.failures: list[Failure] = []
        self._kafka = kafka
        self._topic = topic
        self._on_progress = on_progress or (lambda publisher: None)
        self._limit = MAX_MESSAGE_BYTES
        self._in_memory = False
        self._pending: dict[int, _Batch] = {}
        self._full: list[tuple[int, _Batch]] = []
        self._flights: set[asyncio.Task[None]] = set()
        self._ahead: dict[int, deque[_Sent]] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Publisher:
        try:
            async with AsyncExitStack() as stack:
                self._admin = await stack.enter_async_context(administrator(self._kafka))
                await self._look()
                self._producer = AIOKafkaProducer(
                    **client_arguments(self._kafka),
                    enable_idempotence=True,
                    compression_type="lz4" if has_lz4() else None,
                    max_batch_size=min(_BATCH_BYTES, self._limit - _OVERHEAD),
                )
                stack.push_async_callback(self._producer.stop)
                await self._producer.start()
                self._stack = stack.pop_all()
        except KafkaError as error:
            raise BrokerError(
                f"Kafka at {self._kafka.bootstrap_servers} could not be reached: {error}"
            ) from error
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        async with self._stack:
            if kind is None:
                await self.flush()

    async def publish(self, lines: Iterable[bytes]) -> None:
        """Take lines in; most are on their way at the end, the rest leave with ``flush``."""
        source = iter(lines)
        while chunk := list(islice(source, _CHUNK)):
            for line in chunk:
                self._take(line)
            full, self._full = self._full, []
            for partition, batch in full:
                await self._send(partition, batch)
            await asyncio.sleep(0)
            self._on_progress(self)

    async def flush(self) -> None:
        """Send what is left and wait until every line is acknowledged or has failed."""
        pending, self._pending = self._pending, {}
        for partition, batch in pending.items():
            await self._send(partition, batch)
        if self._flights:
            await asyncio.gather(*self._flights)
        self._on_progress(self)

    def _take(self, line: bytes) -> None:
        """Add one line to its partition's batch; a batch that was full goes to ``_full``."""
        self.read += 1
        self.bytes_read += len(line)
        line = line.rstrip(b"\r\n")
        if not line:
            return
        if len(line) + _OVERHEAD > self._limit:
            reason = f"its {len(line):,} bytes are over the broker's limit of {self._limit:,}"
            self.failures.append(Failure(self.read, reason))
            return
        key = self._keys.key(line)
        partition = self._keys.partition(key)
        pending = self._pending.get(partition)
        if pending is None:
            pending = self._pending[partition] = _Batch(self._producer.create_batch())
        if pending.builder.append(timestamp=None, key=key, value=line) is None:
            self._full.append((partition, pending))
            pending = self._pending[partition] = _Batch(self._producer.create_batch())
            pending.builder.append(timestamp=None, key=key, value=line)
        pending.lines.append(self.read)
        pending.bytes += len(line)

    async def _send(self, partition: int, batch: _Batch) -> None:
        if self._in_memory:
            await self._wait_for_consumer(partition, batch.bytes)
        try:
            delivery = await self._producer.send_batch(
                batch.builder, self._topic, partition=partition
            )
        except KafkaError as error:
            self._fail(batch, error)
            return
        flight = asyncio.create_task(self._settle(partition, batch, delivery))
        self._flights.add(flight)
        flight.add_done_callback(self._flights.discard)

    async def _settle(
        self, partition: int, batch: _Batch, delivery: asyncio.Future[RecordMetadata]
    ) -> None:
        try:
            delivered = await delivery
        except KafkaError as error:
            self._fail(batch, error)
            return
        self.acknowledged += len(batch.lines)
        if self._in_memory:
            sent = _Sent(delivered.offset + len(batch.lines), batch.bytes)
            self._ahead.setdefault(partition, deque()).append(sent)

    def _fail(self, batch: _Batch, error: KafkaError) -> None:
        reason = f"the broker did not take it: {error}"
        self.failures += [Failure(line, reason) for line in batch.lines]

    async def _look(self) -> None:
        """Learn the topic's size limit and whether the broker keeps everything."""
        self._in_memory = await keeps_only_the_newest(self._admin)
        self._keys = Keys(len(await partitions_of(self._admin, self._topic)))
        if not self._in_memory:
            settings = await topic_settings(self._admin, self._topic)
            self._limit = int(settings.get("max.message.bytes", MAX_MESSAGE_BYTES))

    async def _wait_for_consumer(self, partition: int, size: int) -> None:
        """Wait until the partition's unconsumed bytes leave room for ``size`` more."""
        while True:
            # One batch in flight at a time: its end is known only when it is acknowledged.
            if self._flights:
                await asyncio.gather(*self._flights)
            ahead = self._ahead.setdefault(partition, deque())
            if not ahead or sum(sent.bytes for sent in ahead) + size <= AHEAD_BYTES:
                return
            consumed = await self._committed(partition)
            while ahead and ahead[0].end_offset <= consumed:
                ahead.popleft()
            if ahead:
                await asyncio.sleep(_WAIT_SECONDS)

    async def _committed(self, partition: int) -> int:
        place = TopicPartition(self._topic, partition)
        offsets = await self._admin.list_consumer_group_offsets(
            self._kafka.group, partitions=[place]
        )
        return max(int(offset.offset) for offset in offsets.values())
