"""Which offsets the log holds, asked of the broker, and which of them to read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Span
from millrace.clickhouse.ledger import within
from millrace.schemas.errors import BrokerError
from millrace.streams import generations
from millrace.streams.connection import client_arguments, stop
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import Topics, administrator, partitions_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: How long the broker may take to show a record, or to pass over what is none.
_SILENCE_MS: Final = 10_000

# Every range holds a record at least: more ranges than records are never needed.
_NEWEST: Final = """
SELECT log, topic, partition, min(first_offset) FROM (
    SELECT log, topic, partition, first_offset, sum(end_offset - first_offset) OVER (
        ORDER BY flushed_at DESC, topic, partition, first_offset DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total
    FROM (SELECT * FROM ingest_ledger WHERE %s ORDER BY flushed_at DESC LIMIT {records:UInt64}))
WHERE total <= {records:UInt64} GROUP BY 1, 2, 3
"""

_OLDEST: Final = """
SELECT log, topic, partition, min(first_offset) FROM ingest_ledger WHERE %s GROUP BY 1, 2, 3
"""


async def log_spans(kafka: KafkaSettings, store: Store) -> list[Span]:
    """Return which offsets the log holds of every partition of the ingested topics.

    Raises BrokerError when Kafka cannot be asked.
    """
    topics = Topics(kafka.topic_prefix)
    async with reader(kafka) as consumer:
        # Not the consumer's own metadata: that of topics it has not subscribed to stays empty.
        async with administrator(kafka) as admin:
            places = [
                TopicPartition(topic, partition)
                for topic in (topics.events, topics.millrace)
                for partition in await partitions_of(admin, topic)
            ]
        starts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
    logs = {topic: generations.current(store, topic) for topic in {p.topic for p in places}}
    return [
        Span(Place(log, place.topic, place.partition), starts[place], ends[place])
        for place in places
        if (log := logs[place.topic])
    ]


def to_read_again(
    store: Store, log: Sequence[Span], ledger: Mapping[Place, Span], records: int | None
) -> list[Span]:
    """Return the newest ``records`` offsets that the ledger has, all of them for None.

    They begin and end where ranges do, in each partition; ``ledger`` is what may be chosen from.
    """
    held = {
        span.place: Span(
            span.place, max(span.first, ledger[span.place].first), ledger[span.place].end
        )
        for span in log
        if span.place in ledger
    }
    sql = (_OLDEST if records is None else _NEWEST) % within(held, "first_offset")
    spans = []
    for *place, first in store.rows(sql, {"records": records or 0}):
        one = Place(*place)
        spans.append(Span(one, int(first), held[one].end))
    return spans


async def first_record(kafka: KafkaSettings, span: Span) -> int | None:
    """Return the offset of the first record in a span; None when only control records are there.

    Raises BrokerError when Kafka does not show it.
    """
    place = TopicPartition(span.place.topic, span.place.partition)
    async with reader(kafka) as consumer:
        consumer.assign([place])
        consumer.seek(place, span.first)
        waited = 0
        while await consumer.position(place) < span.end and waited < _SILENCE_MS:
            found = (await consumer.getmany(place, timeout_ms=500, max_records=1)).get(place)
            if found:
                return int(found[0].offset) if found[0].offset < span.end else None
            waited += 500
        if await consumer.position(place) >= span.end:
            return None
    raise BrokerError(f"Kafka has delivered nothing of {span} for {_SILENCE_MS // 1000} seconds")


@asynccontextmanager
async def reader(kafka: KafkaSettings, *, at_once: int = 20_000) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group that sees what workers see; Kafka's errors are BrokerErrors."""
    consumer = AIOKafkaConsumer(
        **client_arguments(kafka),
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_poll_records=at_once,
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    try:
        await consumer.start()
        yield consumer
    except KafkaError as error:
        raise BrokerError(f"The log could not be read: {error}") from error
    finally:
        await stop(consumer)
