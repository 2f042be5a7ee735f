"""What the log says: records read again by a fresh consumer and decided anew.

Nothing a worker counted is used. What the log alone cannot tell is taken from the store: which
catalogue decided about a range, since an event is judged by that of its time, which ids and tag
values had come before, which rows the store itself could not take, and which dead letters were
redriven under another catalogue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Amount, LogFacts, PartitionFacts, Slice, Span
from millrace.schemas.catalogue import Catalogue
from millrace.schemas.errors import BrokerError
from millrace.streams.batch import EventBatch
from millrace.streams.budgets import Budgets
from millrace.streams.decode import Decoder
from millrace.streams.duplicates import RecentIds
from millrace.streams.kept_catalogues import kept_catalogue
from millrace.streams.log_spans import reader
from millrace.streams.recall import Past, known_values, recall
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.settings import Settings

_EPOCH: Final = date(1970, 1, 1)
#: Seconds without a record, short of the log's end, after which the broker counts as silent.
_SILENCE: Final = 30.0
#: Records at once when a worker's own process reads: it has something else to do as well.
_GENTLE: Final = 1_000

_RANGES: Final = (
    "SELECT end_offset, catalogue, refused FROM ingest_ledger WHERE log = {log:String}"
    " AND topic = {topic:String} AND partition = {partition:UInt32}"
    " AND first_offset >= {first:UInt64} AND first_offset < {end:UInt64} ORDER BY end_offset"
)
_REDRIVEN: Final = (
    "SELECT offset, any(catalogue) FROM letter_marks WHERE log = {log:String}"
    " AND topic = {topic:String} AND partition = {partition:UInt32} AND mark = 'redriven'"
    " AND offset >= {first:UInt64} AND offset < {end:UInt64} GROUP BY offset"
)


@dataclass(frozen=True, slots=True)
class Decided:
    """What some records came to: ``batch`` as it was stored, ``redriven`` what followed later."""

    batch: EventBatch
    redriven: tuple[EventBatch, ...] = ()


#: Told of everything that was decided anew, in a thread of its own.
Look = Callable[[Decided], None]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Offsets that one catalogue decided about."""

    end: int
    fingerprint: str


@dataclass
class _Tally:
    """What one partition has come to so far."""

    span: Span
    stretches: Sequence[_Stretch]
    refused: frozenset[int]
    redriven: Mapping[int, str]  # offset -> the catalogue that let it pass
    recent: RecentIds
    position: int
    budgets: Budgets = field(default_factory=Budgets)
    recalled: bool = False
    facts: PartitionFacts = field(init=False)

    def __post_init__(self) -> None:
        self.facts = PartitionFacts(self.span)

    def add(self, batch: EventBatch) -> EventBatch:
        """Count a decoded part of the partition; returns what of it was stored."""
        fresh = self.recent.fresh(batch)
        kept = batch if fresh.all() else batch.keep(fresh)
        if refused := self.refused & set(range(batch.first, batch.end)):
            kept = kept.refuse(sorted(refused))
        self.recent.remember(kept)
        self.budgets.learn(kept)
        facts = self.facts
        self.facts = replace(
            facts,
            delivered=facts.delivered + kept.delivered,
            stored=facts.stored + kept.stored,
            rejected=facts.rejected + len(kept.refusals),
            duplicate=facts.duplicate + kept.duplicates,
            offsets=facts.offsets + _offsets(kept),
            slices=_sum(facts.slices, amounts(kept)),
        )
        return kept

    def add_redriven(self, batch: EventBatch) -> None:
        """Count letters that were redriven; they are among the rejected already."""
        facts = self.facts
        self.facts = replace(
            facts,
            redriven=facts.redriven + batch.stored,
            offsets=facts.offsets + _offsets(batch),
            slices=_sum(facts.slices, amounts(batch)),
        )


async def read_log(
    settings: Settings,
    catalogue: Catalogue,
    store: Store,
    spans: Iterable[Span],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    look: Look = lambda decided: None,
    gentle: bool = False,
) -> LogFacts:
    """Read spans of the log again; they must begin and end where ranges of the ledger do.

    ``progress`` is told how many of how many offsets have been read. ``gentle`` reads little at a
    time and rests as long as it works. Raises BrokerError when Kafka cannot be read,
    ConfigurationError when a catalogue that the ledger names is missing.
    """
    key = settings.actor_key.get_secret_value().encode()
    decoders = _Decoders(catalogue, key, store)
    recent = settings.sink.max_ids, settings.sink.id_seconds
    tallies = await asyncio.to_thread(
        lambda: {
            TopicPartition(span.place.topic, span.place.partition): _tally(store, span, *recent)
            for span in spans
        }
    )
    if not tallies:
        return ()
    reading = _Reading(tallies, decoders, store, look, progress, settings.sink.id_seconds)
    async with reader(settings.kafka, at_once=_GENTLE if gentle else 20_000) as consumer:
        await reading.run(consumer, gentle=gentle)
    return tuple(tally.facts for tally in tallies.values())


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

    def __init__(self, catalogue: Catalogue, key: bytes, store: Store) -> None:
        self._key, self._store = key, store
        self._current = Decoder(catalogue, key)
        self._known = {catalogue.fingerprint: self._current}

    def of(self, fingerprint: str) -> Decoder:
        """Return the decoder of a catalogue; the present one where the ledger names none."""
        if fingerprint and fingerprint not in self._known:
            kept = kept_catalogue(self._store, fingerprint)
            self._known[fingerprint] = Decoder(kept, self._key)
        return self._known.get(fingerprint, self._current)


def _tally(store: Store, span: Span, max_ids: int, id_seconds: float) -> _Tally:
    where = {
        "log": span.place.log,
        "topic": span.place.topic,
        "partition": span.place.partition,
        "first": span.first,
        "end": span.end,
    }
    stretches: list[_Stretch] = []
    refused: set[int] = set()
    for end, fingerprint, offsets in store.rows(_RANGES, where):
        if stretches and stretches[-1].fingerprint == fingerprint:
            stretches.pop()
        stretches.append(_Stretch(int(end), fingerprint))
        refused.update(offsets)
    return _Tally(
        span=span,
        stretches=stretches,
        refused=frozenset(refused),
        redriven=dict(store.rows(_REDRIVEN, where)),
        recent=RecentIds(max_ids, id_seconds),
        position=span.first,
    )


@dataclass(frozen=True)
class _Reading:
    """One pass over some spans of the log."""

    tallies: Mapping[TopicPartition, _Tally]
    decoders: _Decoders
    store: Store
    look: Look
    progress: Callable[[int, int], None]
    id_seconds: float

    async def run(self, consumer: AIOKafkaConsumer, *, gentle: bool) -> None:
        """Read every span to its end."""
        tallies = self.tallies
        consumer.assign(list(tallies))
        for place, tally in tallies.items():
            consumer.seek(place, tally.position)
        total = sum(len(tally.span) for tally in tallies.values())
        silent = 0.0
        while unread := [p for p, tally in tallies.items() if tally.position < tally.span.end]:
            found = await consumer.getmany(*unread, timeout_ms=1000)
            silent = 0.0 if found else silent + 1.0
            if silent > _SILENCE:
                names = ", ".join(f"{place.topic}-{place.partition}" for place in unread)
                raise BrokerError(
                    f"Kafka has delivered nothing of {names} for {_SILENCE:.0f} seconds"
                )
            began = time.monotonic()
            for place, records in found.items():
                await asyncio.to_thread(self._count, tallies[place], records)
            # Only control records may be left before an end: no record comes, time passes.
            for place in unread:
                tally = tallies[place]
                tally.position = max(tally.position, await consumer.position(place))
            done = sum(min(t.position, t.span.end) - t.span.first for t in tallies.values())
            self.progress(done, total)
            if gentle:
                await asyncio.sleep(time.monotonic() - began)

    def _count(self, tally: _Tally, records: Sequence[ConsumerRecord]) -> None:
        end = tally.span.end
        taken = records if records[-1].offset < end else [r for r in records if r.offset < end]
        if not taken:
            return
        rest = record_batch(
            tally.span.place.topic,
            tally.span.place.partition,
            tally.position,
            [record.offset for record in taken],
            [record.timestamp for record in taken],
            [record.value for record in taken],
        )
        if not tally.recalled:
            self._recall(tally, int(rest.timestamps[0]))
        for stretch in tally.stretches:
            if stretch.end > rest.first:
                part = rest.until(stretch.end) if stretch.end < rest.end else rest
                self._decide(tally, part, stretch.fingerprint)
                if stretch.end >= rest.end:
                    return
                rest = rest.since(stretch.end)
        self._decide(tally, rest, "")

    def _recall(self, tally: _Tally, timestamp: int) -> None:
        place, first = tally.span.place, tally.span.first
        since = timestamp - int(self.id_seconds * 1000)
        past = Past(place.log, place.topic, place.partition, first, since)
        recall(self.store, past, tally.recent)
        tally.budgets.load(known_values(self.store, past))
        tally.recalled = True

    def _decide(self, tally: _Tally, records: RecordBatch, fingerprint: str) -> None:
        log = tally.span.place.log
        decoder = self.decoders.of(fingerprint)
        batch = decoder.decode(records, log)
        stored = tally.add(tally.budgets.judge(batch, records, decoder.catalogue))
        later = []
        for catalogue, part in _redriven(records, tally.redriven):
            later.append(self.decoders.of(catalogue).decode(part, log))
            tally.add_redriven(later[-1])
        self.look(Decided(stored, tuple(later)))


def _redriven(
    records: RecordBatch, redriven: Mapping[int, str]
) -> Iterator[tuple[str, RecordBatch]]:
    """Yield the records that were redriven, by the catalogue that let them pass."""
    if not redriven:
        return
    found = [redriven.get(int(offset)) for offset in records.offsets]
    for catalogue in sorted({one for one in found if one is not None}):
        chosen = [place for place, one in enumerate(found) if one == catalogue]
        yield (
            catalogue,
            replace(
                records,
                offsets=records.offsets[chosen],
                timestamps=records.timestamps[chosen],
                values=[records.values[place] for place in chosen],
            ),
        )


def _offsets(batch: EventBatch) -> int:
    return int(np.asarray(batch.rows.column("offset")).sum())


def _sum(
    known: Mapping[Slice, Amount], more: Iterable[tuple[Slice, Amount]]
) -> dict[Slice, Amount]:
    result = dict(known)
    for piece, amount in more:
        result[piece] = result.get(piece, Amount()) + amount
    return result
