"""The way of a partition: takeover, batching, flush, commit.

Each assigned partition has one task and at most one range in flight; partitions go side by side.
The range [a, b) is committed as an intent, stored, entered into the ledger and then committed as
done. A rebalance drops what is pending and abandons what is in flight: whoever gets the partition
reads the intent and repeats the range.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from faust.types import TP

from millrace.schemas.errors import BrokerError, ConfigurationError, MillraceError
from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock
from millrace.streams.decode import Decoder
from millrace.streams.duplicates import RecentIds
from millrace.streams.intent import Intent, parse_intent
from millrace.streams.recall import Past
from millrace.streams.record_batch import RecordBatch, join
from millrace.streams.settings import SinkSettings
from millrace.streams.sink import Sink
from millrace.streams.transport import Committed, Fenced

logger = logging.getLogger(__name__)

#: ClickHouse refuses an insert that touches more than 100 partitions of a table.
STORE_PARTITIONS: Final = 90


class Positions(Protocol):
    """What ingest asks of the broker; :class:`millrace.streams.transport.Offsets` has it."""

    async def commit(self, tp: TP, offset: int, metadata: str, generation: int) -> None:
        """Commit one position; raises Fenced when the group has moved on."""

    async def committed(self, tp: TP) -> Committed | None:
        """Return the committed position with its metadata."""

    def hold(self, tp: TP) -> None:
        """Fetch no more of a partition for now."""

    def release(self, tp: TP) -> None:
        """Fetch a partition again."""


@dataclass(frozen=True)
class Tools:
    """What every partition shares."""

    settings: SinkSettings
    sink: Sink
    positions: Positions
    decoder: Decoder
    decoder_of: Callable[[str], Awaitable[Decoder]]  # by a catalogue's fingerprint
    logs: Mapping[str, str]  # each topic's log generation
    publish: Callable[[EventBatch], Awaitable[None]]  # rejects, to the dead-letter topic
    stored: Callable[[EventBatch, float], None]  # told of each finished range and its seconds
    clock: Clock
    # One thread: a decoder is not safe to share, and the event loop must stay free to fetch.
    decoding: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="decode")
    )


class PartitionIngest:
    """One partition while this worker has it."""

    def __init__(self, tools: Tools, tp: TP, generation: int) -> None:
        self._tools, self._tp, self.generation = tools, tp, generation
        self._recent = RecentIds(tools.settings.max_ids, tools.settings.id_seconds)
        self._pending: list[RecordBatch] = []
        self._rows = 0
        self._bytes = 0
        self._since = 0.0
        self._held = False
        self._draining = False
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._position: int | None = None
        self._task = asyncio.ensure_future(self._run())

    def add(self, records: RecordBatch) -> None:
        """Take in the next records of the partition."""
        if not self._pending:
            self._since = self._tools.clock.monotonic()
        self._pending.append(records)
        self._rows += len(records)
        self._bytes += sum(map(len, filter(None, records.values)))
        self._idle.clear()
        self._changed.set()
        if not self._held and self._crowded():
            self._held = True
            self._tools.positions.hold(self._tp)

    def abandon(self) -> None:
        """Stop at once; a range in flight stays as its intent says."""
        self._task.cancel()
        self._release()

    async def drain(self) -> None:
        """Flush what is pending without waiting for more."""
        self._draining = True
        self._changed.set()
        idle = asyncio.ensure_future(self._idle.wait())
        await asyncio.wait([idle, self._task], return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()

    async def _run(self) -> None:
        catalogue = self._tools.decoder.catalogue.fingerprint
        try:
            await self._wait_for_records()
            await self._take_over()
            while True:
                await self._wait_until_due()
                await self._flush(await self._next_batch(), catalogue)
                if not self._pending:
                    self._idle.set()
        except asyncio.CancelledError:
            raise
        except Fenced as error:
            logger.warning("%s.", error)
        except MillraceError as error:
            self._stop(str(error))
        except Exception as error:
            logger.exception("Unexpected failure.")
            self._stop(f"Unexpected {type(error).__name__}")

    def _stop(self, why: str) -> None:
        logger.error(
            "Partition %s-%d is stopped, its events stay in the log: %s.",
            self._tp.topic,
            self._tp.partition,
            why.rstrip("."),
        )
        self._tools.positions.hold(self._tp)

    async def _wait_for_records(self) -> None:
        while not self._pending:
            self._changed.clear()
            await self._changed.wait()

    async def _wait_until_due(self) -> None:
        settings = self._tools.settings
        while True:
            await self._wait_for_records()
            waited = self._tools.clock.monotonic() - self._since
            left = settings.max_seconds - waited
            if self._draining or self._due() or left <= 0:
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return

    def _due(self) -> bool:
        settings = self._tools.settings
        return self._rows >= settings.max_rows or self._bytes >= settings.max_bytes

    def _crowded(self) -> bool:
        settings = self._tools.settings
        return self._rows > settings.max_rows or self._bytes > settings.max_bytes

    def _take(self, end: int | None = None) -> RecordBatch:
        """Take the next range: at most ``max_rows`` records, or up to position ``end``."""
        whole = join(self._pending)
        if end is None:
            cut = min(len(whole), self._tools.settings.max_rows)
            end = whole.end if cut == len(whole) else int(whole.offsets[cut])
        taken = whole.until(end) if end < whole.end else whole
        self._put_back(whole.since(end) if end < whole.end else None)
        return replace(taken, first=self._position if self._position is not None else taken.first)

    def _put_back(self, rest: RecordBatch | None) -> None:
        self._pending = [rest] if rest is not None else []
        self._rows = len(rest) if rest is not None else 0
        self._bytes = sum(map(len, filter(None, rest.values))) if rest is not None else 0
        self._since = self._tools.clock.monotonic()
        if self._held and not self._crowded():
            self._release()

    def _release(self) -> None:
        self._held = False
        self._tools.positions.release(self._tp)

    async def _take_over(self) -> None:
        """Settle where the partition stands; complete the range that was left open."""
        tools, tp = self._tools, self._tp
        log = tools.logs[tp.topic]
        committed = await tools.positions.committed(tp)
        ledger = await tools.sink.ledger_end(log, tp.topic, tp.partition)
        intent = parse_intent(committed.metadata) if committed else None
        if intent is not None and intent.log != log:
            intent = None  # of a topic that is no more
        self._position = start_of(tp, committed, intent, ledger, self._pending[0].first)
        since = int(self._pending[0].timestamps[0]) - int(tools.settings.id_seconds * 1000)
        past = Past(log, tp.topic, tp.partition, self._position, since)
        await tools.sink.recall(past, self._recent)
        if intent is not None:
            await self._repeat(intent)

    async def _repeat(self, intent: Intent) -> None:
        logger.info(
            "Repeating the open range %s-%d [%d, %d).",
            self._tp.topic,
            self._tp.partition,
            self._position,
            intent.end,
        )
        self._idle.clear()
        while self._pending[-1].end < intent.end:
            seen = len(self._pending)
            while len(self._pending) == seen:
                self._changed.clear()
                await self._changed.wait()
        decoder = await self._tools.decoder_of(intent.catalogue)
        batch = await self._decode(self._take(intent.end), decoder)
        await self._flush(batch, intent.catalogue, announced=True)

    async def _next_batch(self) -> EventBatch:
        """Return the next range, decoded; its records are let go of."""
        decoder, records = self._tools.decoder, self._take()
        batch = await self._decode(records, decoder)
        cut = batch.cut_before(STORE_PARTITIONS)
        if cut is None:
            return batch
        self._put_back(join([records.since(cut), *self._pending]))
        return await self._decode(records.until(cut), decoder)

    async def _flush(self, batch: EventBatch, catalogue: str, *, announced: bool = False) -> None:
        tools, began = self._tools, self._tools.clock.monotonic()
        if not announced:
            await self._commit(batch.first, Intent(batch.end, catalogue, batch.log).metadata())
        await asyncio.gather(tools.publish(batch), tools.sink.store(batch))
        await tools.sink.enter(batch, catalogue)
        await self._commit(batch.end, "")
        self._recent.remember(batch)
        self._position = batch.end
        tools.stored(batch, tools.clock.monotonic() - began)

    async def _decode(self, records: RecordBatch, decoder: Decoder) -> EventBatch:
        log = self._tools.logs[self._tp.topic]
        batch = await asyncio.get_running_loop().run_in_executor(
            self._tools.decoding, decoder.decode, records, log
        )
        fresh = self._recent.fresh(batch)
        return batch if fresh.all() else batch.keep(fresh)

    async def _commit(self, offset: int, metadata: str) -> None:
        wait = 0.1
        while True:
            try:
                await self._tools.positions.commit(self._tp, offset, metadata, self.generation)
            except Fenced:
                raise
            except BrokerError as error:
                logger.warning("%s; trying again in %.1f s.", error, wait)
            else:
                return
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)


def start_of(
    tp: TP, committed: Committed | None, intent: Intent | None, ledger: int | None, first: int
) -> int:
    """Return the position a partition goes on from.

    The committed offset must be where the ledger ends; under an intent the ledger may also end
    where the intent does. Anything else means that offsets or rows were lost or moved by hand,
    and raises ConfigurationError.
    """
    if committed is None:
        if ledger is None:
            return first
        raise ConfigurationError(
            f"The group has no offset for {tp.topic}-{tp.partition} but the ledger ends at"
            f" {ledger}: reset the group's offset to {ledger}"
        )
    allowed = {committed.offset} | ({intent.end} if intent else set())
    if ledger is None and (intent is not None or committed.offset == 0):
        return committed.offset  # the very first range
    if ledger not in allowed:
        raise ConfigurationError(
            f"The group's offset for {tp.topic}-{tp.partition} is {committed.offset} but the ledger"
            f" ends at {ledger or 0}: reset the group's offset to {ledger or 0} to go on"
        )
    return committed.offset
