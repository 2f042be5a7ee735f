"""The independent count of what is live: windows and live values against the log of the events.

The events are read from the log as they were published and the account says which of them were
stored; the reference makes windows of them, event by event.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from window_lane import place_of, same
from window_reference import Event, Partition, Place, Terms, merged, windows_of

from millrace.clickhouse.client import Store
from millrace.schemas.window import Window, WindowProgress
from millrace.streams.connection import client_arguments
from millrace.streams.histogram import quantile
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.topics import Topics

from .feed import DROPPED_KEY, KINDS, Account, Feed
from .verify_live import Record, wrong_live

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LEVELS = (0.5, 0.9, 0.95, 0.99)


@dataclass
class Life:
    """What one source partition published of its windows, for one life of the events' topic."""

    partition: int
    events: list[Event]
    own: WindowProgress | None = None
    #: Where the clock alone had moved the watermark, and to what.
    moves: list[tuple[int, int]] = field(default_factory=list)
    held: dict[Place, Window] = field(default_factory=dict)
    last: dict[Place, Window] = field(default_factory=dict)  # of those taken away, too

    def expected(self, terms: Terms) -> Partition:
        """What the definition makes of it."""
        return windows_of(self.partition, self.events, terms, self.moves)


async def read_topic(
    kafka: KafkaSettings, topic: str, partitions: Iterable[int]
) -> dict[int, list[Record]]:
    """Read everything that some partitions of a topic hold."""
    found: dict[int, list[Record]] = defaultdict(list)
    consumer = AIOKafkaConsumer(
        **client_arguments(kafka), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in partitions]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                found[place.partition] += [
                    Record(one.offset, one.timestamp, one.key, one.value) for one in records
                ]
    finally:
        await consumer.stop()
    return found


async def wrong_projections(store: Store, settings: Settings, feeds: Sequence[Feed]) -> list[str]:
    """Compare the windows and live values of the topic's present life with its events."""
    lives = await read_lives(settings, feeds[-1])
    wrong = wrong_windows(store, settings, lives, whole=len(feeds) == 1)
    topic, numbers = Topics(settings.kafka.topic_prefix).live, [one.partition for one in lives]
    live = await read_topic(settings.kafka, topic, numbers)
    for life in lives:
        records, most = live[life.partition], settings.windows.observations
        wrong += wrong_live(life.partition, life.events, KINDS, records, most)
    return wrong


async def read_lives(settings: Settings, feed: Feed) -> list[Life]:
    """Read the events and the windows of the topic's present life."""
    names = Topics(settings.kafka.topic_prefix)
    accounts = {part: one for part, one in sorted(feed.accounts.items()) if one.delivered}
    events = await read_topic(settings.kafka, names.events, accounts)
    windows = await read_topic(settings.kafka, names.windows, accounts)
    lives = []
    for partition, account in accounts.items():
        life = Life(partition, stored_events(events[partition], account))
        _follow(life, windows[partition])
        lives.append(life)
    return lives


def stored_events(records: Sequence[Record], account: Account) -> list[Event]:
    """Return what the account says is stored, as the feed wrote it into the log."""
    stored = set(account.stored)
    return [_event(record) for record in records if record.offset in stored]


def terms_of(settings: Settings) -> Terms:
    """Return the settings as the reference takes them."""
    chosen = settings.windows
    return Terms(chosen.sizes, chosen.lateness, chosen.ahead, chosen.correction)


def wrong_windows(
    store: Store, settings: Settings, lives: Sequence[Life], whole: bool
) -> list[str]:
    """Compare windows with the reference and, where the store holds this life only, the rollup."""
    terms = terms_of(settings)
    expected = {life.partition: life.expected(terms) for life in lives}
    wrong = [text for life in lives for text in _wrong_life(life, expected[life.partition], terms)]
    if whole and not wrong and 60 in terms.sizes:
        wrong += _wrong_rollup(store, lives, list(expected.values()))
    return wrong


def _event(record: Record) -> Event:
    assert record.value is not None
    event = json.loads(record.value)
    tags = {key: tag for key, tag in event["tags"].items() if key != DROPPED_KEY}
    return Event(
        record.offset,
        record.timestamp,
        (datetime.fromisoformat(event["occurred_at"]) - _EPOCH) // _MICROSECOND,
        event.get("tenant", "default"),
        event["name"],
        tuple(sorted(tags.items())),
        {"value": float(event["value"])},
    )


def _follow(life: Life, records: Sequence[Record]) -> None:
    """Read windows' records as schemas/window.py says that a reader does."""
    log = _log(records)
    for record in records:
        assert record.key is not None
        place = place_of(record.key)
        if place is None:
            own = WindowProgress.model_validate_json(record.value or b"")
            if own.log == log:
                life.own = own
                moved = own.now.watermark
                if own.now == own.before and moved is not None:
                    life.moves.append((own.now.through_offset, moved))
        elif record.value is None:
            life.held.pop(place, None)
        else:
            window, known = Window.model_validate_json(record.value), life.held.get(place)
            if window.log == log and (
                known is None or window.through_offset >= known.through_offset
            ):
                life.held[place] = life.last[place] = window


def _log(records: Sequence[Record]) -> str:
    own = [one.value for one in records if one.key and one.value and place_of(one.key) is None]
    return str(json.loads(own[-1])["log"]) if own else ""


def _wrong_life(life: Life, expected: Partition, terms: Terms) -> Iterator[str]:
    where, own = f"windows of partition {life.partition}", life.own
    if own is None:
        yield f"{where}: the partition's own record is missing"
        return
    if life.events and own.now.through_offset <= life.events[-1].offset:
        yield f"{where}: only through {own.now.through_offset} of {life.events[-1].offset + 1}"
    if own.now.watermark != expected.watermark:
        yield f"{where}: watermark {own.now.watermark} instead of {expected.watermark}"
    if {size: n for size, n in own.now.too_late.items() if n} != expected.too_late_by_size:
        yield f"{where}: too late {own.now.too_late} instead of {expected.too_late_by_size}"
    mark = expected.watermark or 0
    missing = [
        place
        for place in set(expected.windows) - set(life.held)
        if place not in life.last or place.end_us + terms.correction * 1_000_000 > mark
    ]
    unknown = set(life.last) - set(expected.windows)
    differing = [
        place
        for place, window in life.last.items()
        if place in expected.windows
        and not (
            same(window, expected.windows[place], life.partition)
            and window.final == (place.end_us <= mark)
        )
    ]
    for what, places in (("missing", missing), ("unknown", unknown), ("differing", differing)):
        if places:
            yield f"{where}: {len(places)} {what}, as {min(places)}"


def _wrong_rollup(
    store: Store, lives: Sequence[Life], expected: Sequence[Partition]
) -> Iterator[str]:
    """Compare what the partitions' windows of a minute add up to with rollup_1m."""
    apart = {place for one in expected for place in one.too_late}
    rows = store.rows(
        "SELECT tenant, name, measurement, tags, toUnixTimestamp(part.bucket), sum(part.count),"
        " sum(part.sum), min(part.min), max(part.max), argMaxMerge(part.last),"
        f" quantilesBFloat16Merge{_LEVELS}(part.quantiles)"
        " FROM rollup_1m AS part WHERE startsWith(name, 'faults.')"
        " GROUP BY tenant, name, measurement, tags, part.bucket"
    )
    found = {_rollup_place(row): row[5:] for row in rows}
    compared = 0
    for place, content in merged(expected).items():
        parts = [life.last[place] for life in lives if place in life.last]
        if place.size != 60 or place in apart:
            continue
        compared += 1
        histogram: dict[int, int] = defaultdict(int)
        for part in parts:
            for bits, count in part.histogram.items():
                histogram[bits] += count
        assert content.last is not None
        windows = (
            sum(part.count for part in parts),
            math.fsum(part.sum for part in parts),
            min(part.min for part in parts),
            max(part.max for part in parts),
            max((part.last_at, part.partition, part.last) for part in parts)[2],
            [quantile(histogram, level) for level in _LEVELS],
        )
        rollup = found.get(place, (0,))
        if windows != (*rollup[:-1], list(rollup[-1]) if len(rollup) > 1 else []):
            yield f"windows: {place} adds up to {windows}, rollup_1m says {rollup}"
            return
    if not compared and any(one.windows for one in expected):
        yield "windows: not one could be compared with rollup_1m"


def _rollup_place(row: Sequence[Any]) -> Place:
    tenant, name, measurement, tags, start = row[:5]
    return Place((tenant, name, measurement, tuple(sorted(dict(tags).items()))), 60, start)
