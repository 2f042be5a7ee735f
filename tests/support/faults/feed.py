"""Publishes events and keeps its own account of what must become of every one of them.

About 2 of 100 records are refused ones of several kinds, 2 repeat an id that the same partition has
seen, 1 carries a key that is dropped. The account is arithmetic of the generator alone: nothing of
Millrace is asked.
"""

from __future__ import annotations

import bisect
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aiokafka import AIOKafkaProducer

from millrace.streams.connection import client_arguments
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import Topics

#: Names of events and the kind of each.
KINDS = {
    "faults.login": "event",
    "faults.order": "counter",
    "faults.page": "histogram",
    "faults.query": "gauge",
}
NAMES = tuple(KINDS)
REFUSED_SHARE = 0.02
DUPLICATE_SHARE = 0.02
DROPPED_SHARE = 0.01
DROPPED_KEY = "email"
MINUTE_WEIGHTS = (4, 3, 2, 1)
#: Records of one batch in the log, at most; each batch reaches a worker as a whole.
BATCH = 500
_BATCH_BYTES = 900_000
#: How far back a duplicate reaches, in events of its partition: far less than is remembered.
_REACH = 3_000


@dataclass
class Account:
    """What was published to one partition of one life of the topic, and what must become of it."""

    end: int = 0  # of the log
    ids: bytearray = field(default_factory=bytearray)  # 16 bytes each, of what must be stored
    stored: list[int] = field(default_factory=list)  # offsets, ascending; so are the next two
    refused: list[int] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    dropped: int = 0  # keys
    #: name and minute -> number of events and sum of their values
    totals: dict[tuple[str, datetime], tuple[int, int]] = field(
        default_factory=lambda: defaultdict(lambda: (0, 0))
    )
    _recent: list[bytes] = field(default_factory=list)

    @property
    def delivered(self) -> int:
        """How many records there are."""
        return len(self.stored) + len(self.refused) + len(self.duplicates)

    def between(self, first: int, end: int) -> tuple[int, int, int]:
        """Return how many offsets of [first, end) are to be stored, refused, duplicates."""
        stored, refused, duplicates = (
            bisect.bisect_left(offsets, end) - bisect.bisect_left(offsets, first)
            for offsets in (self.stored, self.refused, self.duplicates)
        )
        return stored, refused, duplicates


class Feed:
    """Publishes to the events' topic of an installation; the same seed gives the same records."""

    def __init__(self, kafka: KafkaSettings, seed: int) -> None:
        self.topic = Topics(kafka.topic_prefix).events
        self.accounts: dict[int, Account] = {part: Account() for part in range(kafka.partitions)}
        self._kafka = kafka
        self._random = random.Random(seed)
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        # Another minute, hour and day: a range has several buckets and parts in every table. For
        # the live windows a third is late and the last, once there were others, too late.
        self._minutes = [now - timedelta(minutes=ago) for ago in (3, 4, 40, 1500)]

    @property
    def delivered(self) -> int:
        """How many records were published."""
        return sum(account.delivered for account in self.accounts.values())

    async def publish(self, counts: int | Mapping[int, int]) -> None:
        """Publish so many records, spread evenly or as given by partition; waits for the log."""
        if isinstance(counts, int):
            share, rest = divmod(counts, len(self.accounts))
            counts = {part: share + (part < rest) for part in self.accounts}
        producer = AIOKafkaProducer(
            **client_arguments(self._kafka),
            enable_idempotence=True,
            request_timeout_ms=60_000,
            max_batch_size=_BATCH_BYTES,
        )
        await producer.start()
        try:
            left = dict(counts)
            while left:
                for partition in sorted(left):
                    await self._publish_batch(producer, partition, min(BATCH, left[partition]))
                    left[partition] -= BATCH
                left = {partition: count for partition, count in left.items() if count > 0}
        finally:
            await producer.stop()

    async def _publish_batch(self, producer: AIOKafkaProducer, partition: int, count: int) -> None:
        account = self.accounts.setdefault(partition, Account())
        batch = producer.create_batch()
        fates = []
        for number in range(count):
            value, fate = self._record(account, must=number)
            assert batch.append(key=b"k", value=value, timestamp=None) is not None
            fates.append(fate)
        batch.close()
        sent = await producer.send_batch(batch, self.topic, partition=partition)
        base = (await sent).offset
        for offset, offsets in enumerate(fates, base):
            offsets.append(offset)
        account.end = base + count

    def _record(self, account: Account, must: int) -> tuple[bytes | None, list[int]]:
        """Make a record and account for it; every batch has each kind of fate early on."""
        lot = self._random.random()
        if must == 1 or lot < REFUSED_SHARE:
            return self._refused(), account.refused
        lot -= REFUSED_SHARE
        if account._recent and (must == 2 or lot < DUPLICATE_SHARE):
            return self._random.choice(account._recent), account.duplicates
        return self._valid(account, dropped=lot - DUPLICATE_SHARE < DROPPED_SHARE), account.stored

    def _valid(self, account: Account, *, dropped: bool) -> bytes:
        choose = self._random
        name = choose.choice(NAMES)
        moment = self._moment()
        minute = moment.replace(second=0)
        value = choose.randrange(1000)
        identity = UUID(int=choose.getrandbits(128), version=4)
        extra = f',"{DROPPED_KEY}":"someone"' if dropped else ""
        event = (
            f'{{"id":"{identity}","name":"{name}","kind":"{KINDS[name]}","value":{value},'
            f'"occurred_at":"{moment:%Y-%m-%dT%H:%M:%S}Z",'
            f'"tags":{{"route":"/{choose.randrange(5)}"{extra}}}}}'
        ).encode()
        account.ids += identity.bytes
        count, total = account.totals[name, minute]
        account.totals[name, minute] = (count + 1, total + value)
        account.dropped += dropped
        if not dropped:
            account._recent.append(event)
            if len(account._recent) > 2 * _REACH:
                del account._recent[:_REACH]
        return event

    def _moment(self) -> datetime:
        """Return when the next event happened, in whole seconds."""
        (minute,) = self._random.choices(self._minutes, MINUTE_WEIGHTS)
        return minute + timedelta(seconds=self._random.randrange(60))

    def _refused(self) -> bytes | None:
        sound = (
            f'"id":"{UUID(int=self._random.getrandbits(128), version=4)}",'
            f'"occurred_at":"{self._minutes[0]:%Y-%m-%dT%H:%M:%S}Z"'
        )
        return self._random.choice(
            (
                None,
                b"{",
                b"\xff\xfe",
                b"[]",
                f'{{{sound},"name":"","value":1}}'.encode(),
                f'{{{sound},"name":"{NAMES[0]}","value":"many"}}'.encode(),
                f'{{{sound},"name":"{NAMES[0]}","value":1,"schema_version":2}}'.encode(),
                f'{{{sound},"name":"bezgelor.nobody.knows","value":1}}'.encode(),
                f'{{{sound},"name":"{NAMES[0]}","value":1,"tags":{{"k":"{"v" * 5000}"}}}}'.encode(),
            )
        )


class SteadyFeed(Feed):
    """Events that happen one after another from ``start`` on, a hundred a second.

    Most come up to three seconds after a later one, some up to ten and a few half a minute; the
    same seed and another start give the same events at other times.
    """

    def __init__(self, kafka: KafkaSettings, seed: int, start: datetime) -> None:
        super().__init__(kafka, seed)
        self._start, self._made = start, 0

    def _moment(self) -> datetime:
        choose = self._random
        self._made += 1
        (back,) = choose.choices((3.0, 10.0, 30.0), (90, 9, 1))
        late = choose.uniform(0, back)
        return self._start + timedelta(seconds=int(self._made / 100 + 30 - late))
