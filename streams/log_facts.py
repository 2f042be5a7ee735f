"""What the log says: every record read again by a fresh consumer and decided anew.

Nothing a worker counted is used. Only which catalogue decided about a range is taken from the
ledger, since an event is judged by the catalogue of its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from millrace.clickhouse.reconcile import Amount, LogFacts, PartitionFacts, Slice
from millrace.schemas.catalogue import Catalogue
from millrace.schemas.errors import BrokerError
from millrace.streams import generations
from millrace.streams.batch import EventBatch
from millrace.streams.connection import client_arguments
from millrace.streams.decode import Decoder
from millrace.streams.duplicates import RecentIds
from millrace.streams.kept_catalogues import kept_catalogue
from millrace.streams.recall import Past, Tables, recall
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.settings import Settings
from millrace.streams.topics import (
    Topics,
    administrator,
    partitions_of,
)

_EPOCH: Final = date(1970, 1, 1)
#: Seconds without a record, short of the log's end, after which the broker counts as silent.
_SILENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Offsets that one catalogue decided about."""

    end: int
    fingerprint: str


@dataclass
class _Tally:
    """What one partition has come to so far."""

    topic: str
    partition: int
    start: int
    end: int
    log: str
    stretches: Sequence[_Stretch]
    recent: RecentIds
    position: int = 0
    delivered: int = 0
    stored: int = 0
    rejected: int = 0
    duplicate: int = 0
    slices: dict[Slice, Amount] = field(default_factory=dict)

    def add(self, batch: EventBatch) -> None:
        """Count a decoded part of the partition."""
        fresh = self.recent.fresh(batch)
        kept = batch if fresh.all() else batch.keep(fresh)
        self.recent.remember(kept)
        self.delivered += kept.delivered
        self.stored += kept.stored
        self.rejected += len(kept.refusals)
        self.duplicate += kept.duplicates
        for place, amount in amounts(kept):
            known = self.slices.get(place, Amount(0, 0, 0.0))
            self.slices[place] = Amount(
                known.events + amount.events,
                known.values + amount.values,
                known.total + amount.total,
            )

    def facts(self) -> PartitionFacts:
        """Return the count as what reconcile compares."""
        return PartitionFacts(
            topic=self.topic,
            partition=self.partition,
            start=self.start,
            end=self.end,
            delivered=self.delivered,
            stored=self.stored,
            rejected=self.rejected,
            duplicate=self.duplicate,
            slices=self.slices,
        )


async def read_log(
    settings: Settings,
    catalogue: Catalogue,
    store: Tables,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LogFacts:
    """Read the ingested topics from their start to where they end now.

    Where the ledger is already further, because a worker goes on meanwhile, a partition is read up
    to the ledger's end. Our own telemetry is always read up to there: a worker's last words about
    itself wait for the next one. ``progress`` is told how many of how many offsets have been read.
    Raises BrokerError when Kafka cannot be read, ConfigurationError when a catalogue that the
    ledger names is missing.
    """
    topics = Topics(settings.kafka.topic_prefix)
    key = settings.actor_key.get_secret_value().encode()
    consumer = AIOKafkaConsumer(
        **client_arguments(settings.kafka),
        enable_auto_commit=False,
        max_poll_records=20_000,
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    decoders = _Decoders(catalogue, key, store)
    try:
        await consumer.start()
        tallies = await _tallies(consumer, topics, settings, store)
        await _read(consumer, tallies, decoders, progress)
    except KafkaError as error:
        raise BrokerError(f"The log could not be read: {error}") from error
    finally:
        await consumer.stop()
    return LogFacts(
        log={tally.topic: tally.log for tally in tallies.values()},
        partitions=tuple(tally.facts() for tally in tallies.values()),
    )


def amounts(batch: EventBatch) -> Iterator[tuple[Slice, Amount]]:
    """Yield what a batch's rows come to, by day, retention class and name."""
    if not batch.stored:
        return
    names, classes = batch.rows.column("name"), batch.rows.column("retention_class")
    width = len(names.dictionary)
    depth = len(classes.dictionary)
    name_codes = names.indices.to_numpy().astype(np.int64)
    class_codes = classes.indices.to_numpy().astype(np.int64)
    places = (batch.days * depth + class_codes) * width + name_codes
    measurements = batch.rows.column("measurements")
    offsets = measurements.offsets.to_numpy()
    values = np.asarray(measurements.items)[: offsets[-1]]
    sums = np.add.reduceat(values, offsets[:-1])
    distinct, codes = np.unique(places, return_inverse=True)
    events = np.bincount(codes)
    counts = np.bincount(codes, np.diff(offsets)).astype(np.int64)
    totals = np.bincount(codes, sums)
    for place, count, number, total in zip(distinct, events, counts, totals, strict=True):
        rest, name = divmod(int(place), width)
        day, retention = divmod(rest, depth)
        yield (
            Slice(
                _EPOCH + timedelta(days=day),
                classes.dictionary[retention].as_py(),
                names.dictionary[name].as_py(),
            ),
            Amount(int(count), int(number), float(total)),
        )


class _Decoders:
    """The decoder of each catalogue that the ledger names."""

    def __init__(self, catalogue: Catalogue, key: bytes, store: Tables) -> None:
        self._key, self._store = key, store
        self._current = Decoder(catalogue, key)
        self._known = {catalogue.fingerprint: self._current}

    def of(self, fingerprint: str) -> Decoder:
        """Return the decoder of a catalogue; the present one where the ledger names none."""
        if fingerprint and fingerprint not in self._known:
            kept = kept_catalogue(self._store, fingerprint)
            self._known[fingerprint] = Decoder(kept, self._key)
        return self._known.get(fingerprint, self._current)


async def _tallies(
    consumer: AIOKafkaConsumer, topics: Topics, settings: Settings, store: Tables
) -> Mapping[TopicPartition, _Tally]:
    # Not the consumer's own metadata: that of topics it has not subscribed to stays empty.
    async with administrator(settings.kafka) as admin:
        places = [
            TopicPartition(topic, partition)
            for topic in (topics.events, topics.millrace)
            for partition in await partitions_of(admin, topic)
        ]
    consumer.assign(places)
    starts = await consumer.beginning_offsets(places)
    ends = await consumer.end_offsets(places)
    tallies = {}
    for place in places:
        log = generations.current(store, place.topic) or ""
        recent = RecentIds(settings.sink.max_ids, settings.sink.id_seconds)
        if starts[place]:
            # The log itself does not hold the ids from before its start any more.
            recall(store, Past(log, place.topic, place.partition, starts[place]), recent)
        stretches = _stretches(store, place, log)
        entered = stretches[-1].end if stretches else starts[place]
        own = place.topic == topics.millrace
        tallies[place] = _Tally(
            topic=place.topic,
            partition=place.partition,
            start=starts[place],
            end=entered if own else max(ends[place], entered),
            log=log,
            stretches=stretches,
            recent=recent,
            position=starts[place],
        )
    return tallies


def _stretches(store: Tables, place: TopicPartition, log: str) -> list[_Stretch]:
    found = store.rows(
        "SELECT end_offset, catalogue FROM ingest_ledger WHERE log = {log:String}"
        " AND topic = {topic:String} AND partition = {partition:UInt32} ORDER BY end_offset",
        {"log": log, "topic": place.topic, "partition": place.partition},
    )
    stretches: list[_Stretch] = []
    for end, fingerprint in found:
        if stretches and stretches[-1].fingerprint == fingerprint:
            stretches.pop()
        stretches.append(_Stretch(int(end), fingerprint))
    return stretches


async def _read(
    consumer: AIOKafkaConsumer,
    tallies: Mapping[TopicPartition, _Tally],
    decoders: _Decoders,
    progress: Callable[[int, int], None],
) -> None:
    for place, tally in tallies.items():
        consumer.seek(place, tally.start)
    total = sum(tally.end - tally.start for tally in tallies.values())
    silent = 0.0
    while unread := [place for place, tally in tallies.items() if tally.position < tally.end]:
        found = await consumer.getmany(*unread, timeout_ms=1000)
        silent = 0.0 if found else silent + 1.0
        if silent > _SILENCE:
            names = ", ".join(f"{place.topic}-{place.partition}" for place in unread)
            raise BrokerError(f"Kafka has delivered nothing of {names} for {_SILENCE:.0f} seconds")
        for place, records in found.items():
            tally = tallies[place]
            await asyncio.to_thread(_count, tally, _before(records, tally.end), decoders)
            tally.position = await consumer.position(place)
        # Only control records may be left before the end of a log: no record comes, time passes.
        for place in unread:
            tallies[place].position = max(tallies[place].position, await consumer.position(place))
        done = sum(min(tally.position, tally.end) - tally.start for tally in tallies.values())
        progress(done, total)


def _before(records: Sequence[ConsumerRecord], end: int) -> Sequence[ConsumerRecord]:
    return records if records[-1].offset < end else [r for r in records if r.offset < end]


def _count(tally: _Tally, records: Sequence[ConsumerRecord], decoders: _Decoders) -> None:
    if not records:
        return
    rest: RecordBatch = record_batch(
        tally.topic,
        tally.partition,
        tally.position,
        [record.offset for record in records],
        [record.timestamp for record in records],
        [record.value for record in records],
    )
    for stretch in tally.stretches:
        if stretch.end <= rest.first:
            continue
        if stretch.end >= rest.end:
            tally.add(decoders.of(stretch.fingerprint).decode(rest, tally.log))
            return
        part = rest.until(stretch.end)
        rest = rest.since(stretch.end)
        tally.add(decoders.of(stretch.fingerprint).decode(part, tally.log))
    tally.add(decoders.of("").decode(rest, tally.log))
