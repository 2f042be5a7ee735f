"""Follows telemetry.windows from its beginning on, without a group and without moving anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments, stop
from millrace.streams.kept_windows import EVERYTHING, KeptWindows, Wanted, WindowKey
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import Topics, administrator, partitions_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds that a broker may take to answer, so that one that is started again is there in time.
_PATIENCE: Final = 20.0
#: How often a topic that has grown is noticed.
_LOOK_SECONDS: Final = 60.0
_AT_ONCE: Final = 5_000


class WindowReader:
    """The windows of one installation as they change; made by :func:`window_reader`.

    ``kept`` holds what was read so far. Every method raises BrokerError when Kafka does not answer.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topic: str,
        kept: KeptWindows,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        self.kept = kept
        self._consumer = consumer
        self._topic = topic
        self._patience = patience
        self._next: dict[int, int] = {}
        self._assigned: set[int] = set()
        self._silent = 0.0

    def assign(self, partitions: set[int]) -> None:
        """Read these partitions: new ones from their beginning, the others go on."""
        self._assigned = partitions
        self._consumer.assign([TopicPartition(self._topic, number) for number in partitions])
        for number, offset in self._next.items():
            self._consumer.seek(TopicPartition(self._topic, number), offset)

    async def catch_up(self) -> None:
        """Read up to where the log ends now."""
        with _as_broker_error(self._topic):
            ends = await self._ends()
            while [place for place in ends if await self._consumer.position(place) < ends[place]]:
                await self._read(0.2)

    async def poll(self, seconds: float) -> list[WindowKey]:
        """Return the windows that have changed, each once, as soon as there are any.

        When there are none in so many seconds the list is empty. A window that was removed is
        among them; ``kept`` has nothing of it then.
        """
        with _as_broker_error(self._topic):
            found = self._consumer.partitions_for_topic(self._topic) or set()
            if not found <= self._assigned:
                self.assign(found | self._assigned)
            return await self._read(seconds)

    async def _read(self, seconds: float) -> list[WindowKey]:
        found = await self._consumer.getmany(timeout_ms=round(seconds * 1000))
        self._silent = 0.0 if found else self._silent + seconds
        if self._silent >= self._patience / 2:
            # The consumer itself would wait for a lost broker for ever, and say nothing.
            self._silent = 0.0
            await self._ends()
        changed: dict[WindowKey, None] = {}
        for place, records in found.items():
            for record in records:
                key = self.kept.take(record)
                if key is not None:
                    changed[key] = None
            self._next[place.partition] = records[-1].offset + 1
        return list(changed)

    async def _ends(self) -> dict[TopicPartition, int]:
        places = [TopicPartition(self._topic, number) for number in self._assigned]
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(places)
        return ends


@asynccontextmanager
async def window_reader(
    kafka: KafkaSettings,
    wanted: Wanted = EVERYTHING,
    *,
    look_seconds: float = _LOOK_SECONDS,
    patience: float = _PATIENCE,
) -> AsyncIterator[WindowReader]:
    """Give a reader that stands at the beginning of every partition, and close it afterwards.

    Raises BrokerError when Kafka cannot be reached or the topic does not exist.
    """
    topic = Topics(kafka.topic_prefix).windows
    consumer = AIOKafkaConsumer(
        **client_arguments(kafka),
        enable_auto_commit=False,
        # Where the log has forgotten what comes next, all that it still has is news.
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_records=_AT_ONCE,
        request_timeout_ms=round(patience * 1000),
        metadata_max_age_ms=round(look_seconds * 1000),
    )
    try:
        with _as_broker_error(topic):
            # Not the consumer's own metadata: that of topics it has not subscribed to stays empty.
            async with administrator(kafka) as admin:
                partitions = await partitions_of(admin, topic)
            await consumer.start()
        reader = WindowReader(consumer, topic, KeptWindows(wanted), patience=patience)
        reader.assign(set(partitions))
        yield reader
    finally:
        await stop(consumer)


@contextmanager
def _as_broker_error(topic: str) -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError) as error:
        raise BrokerError(
            f"The topic {topic} could not be read: {error}; see whether the broker runs"
        ) from error
