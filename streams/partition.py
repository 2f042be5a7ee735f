"""The way of a partition: takeover, batching, flush, commit.

Each assigned partition has one task and at most one range in flight; partitions go side by side.
The range [a, b) is committed as an intent, stored, entered into the ledger and then committed as
done. A rebalance drops what is pending and abandons what is in flight: whoever gets the partition
reads the intent and repeats the range.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from faust.types import TP

from millrace.schemas.errors import BrokerError, MillraceError
from millrace.streams.batch import STORE_PARTITIONS, EventBatch
from millrace.streams.budgets import Budgets
from millrace.streams.co_partitions import GROW
from millrace.streams.decode import Decoder
from millrace.streams.duplicates import RecentIds
from millrace.streams.gate import Gate
from millrace.streams.intent import Intent, parse_intent
from millrace.streams.partition_tools import Tools
from millrace.streams.pending import Pending
from millrace.streams.permit import IntentPermit
from millrace.streams.recall import Past
from millrace.streams.record_batch import RecordBatch
from millrace.streams.sink import RowsRefused
from millrace.streams.takeover import lost_events, start_of
from millrace.streams.transport_thread import Fenced, Fetched, Membership

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds between two looks at what time alone changes while no record comes.
_LOOK_SECONDS: Final = 1.0
#: Each time that a partition is read from some offset on has a number of its own.
_READINGS: Final = itertools.count(1)


class PartitionIngest:
    """One partition while this worker has it."""

    def __init__(self, tools: Tools, tp: TP, membership: Membership) -> None:
        self._tools, self._tp, self.membership = tools, tp, membership
        self._log = tools.logs[tp.topic]
        self._recent = RecentIds(tools.settings.max_ids, tools.settings.id_seconds)
        self._budgets = Budgets()
        self._pending = Pending(tools.settings, tools.clock)
        self._position = 0
        self._end = 0  # where the next fetch must begin
        self._reading = -1  # fetches of any other one are not ours; none is yet
        self._goal = 0  # fetching does not pause before this position
        self._rereading: asyncio.Future[None] | None = None
        self._held = False
        self._draining = asyncio.Event()
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._projections = tools.project(tp)
        self._gate = Gate(tools.gates, tp, self._decode_today, self._draining)
        self._task = asyncio.ensure_future(self._run())

    def add(self, fetched: Fetched) -> None:
        """Take in the next records of the partition; what is of an earlier reading is dropped."""
        records = fetched.records
        if fetched.reading != self._reading:
            return
        if records.first < self._end:
            # The log ends before what was read of it: it is another one.
            self._task.cancel()
            self._stop(str(_made_anew(self._tp)))
            return
        if records.first > self._end:
            # A fetch before this one was lost on its way here: Faust drops some at a rebalance.
            self._rereading = asyncio.ensure_future(self._read_again())
            return
        self._end = records.end
        self._pending.add(records)
        self._idle.clear()
        self._changed.set()
        if not self._held and self._pending.crowded and self._end >= self._goal:
            self._held = True
            self._tools.positions.hold(self._tp)

    def abandon(self) -> None:
        """Stop at once; a range in flight stays as its intent says."""
        self._task.cancel()
        if self._rereading:
            self._rereading.cancel()
        self._release()

    async def drain(self) -> None:
        """Flush what is pending without waiting for more."""
        self._draining.set()
        self._changed.set()
        idle = asyncio.ensure_future(self._idle.wait())
        await asyncio.wait([idle, self._task], return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()

    async def _run(self) -> None:
        catalogue = self._tools.decoder.catalogue.fingerprint
        try:
            await self._take_over()
            while True:
                if not self._pending:
                    self._idle.set()
                await self._wait_until_due()
                batch = await self._next_batch()
                if not await self._gate.admit(batch):
                    return
                await self._flush(batch, catalogue)
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

    async def _wait_for_records(self, *, at_rest: bool = True) -> None:
        """Wait until there is something to store; ``at_rest`` says that no range is open."""
        while not self._pending:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), _LOOK_SECONDS)
            except TimeoutError:
                if at_rest and self._projections:
                    await self._projections.idle(lambda: self._commit(self._position, ""))

    async def _wait_until_due(self) -> None:
        while True:
            await self._wait_for_records()
            left = self._pending.seconds_left
            if self._draining.is_set() or self._pending.due or left <= 0:
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return

    def _take(self, end: int | None = None) -> RecordBatch:
        taken = self._pending.take(self._position, end)
        if self._held and not self._pending.crowded:
            self._release()
        return taken

    def _release(self) -> None:
        self._held = False
        self._tools.positions.release(self._tp)

    async def _take_over(self) -> None:
        """Settle where the partition stands; complete the range that was left open."""
        tools, tp = self._tools, self._tp
        log = self._log.generation
        await self._check_life()
        if not await self._insist(lambda: tools.co_partitioned(tp)):
            raise BrokerError(
                f"{tp.topic} has more partitions than the topics of what is made from it: {GROW}"
            )
        committed = await tools.positions.committed(tp)
        ledger = await tools.sink.ledger_end(log, tp.topic, tp.partition)
        log_start = await self._insist(lambda: tools.positions.log_start(tp))
        intent = parse_intent(committed.metadata) if committed else None
        if intent is not None and intent.log != log:
            intent = None  # of a topic that is no more
        self._position = start_of(tp, committed, intent, ledger, log_start, anew=self._log.anew)
        # The consumer's own position is not to be trusted: it skips what was fetched and dropped.
        await self._read_from(self._position)
        if projections := self._projections:
            await self._insist(lambda: projections.take_over(self._position))
        await self._wait_for_records(at_rest=intent is None)
        since = int(self._pending.first.timestamps[0]) - int(tools.settings.id_seconds * 1000)
        past = Past(log, tp.topic, tp.partition, self._position, since)
        await tools.sink.recall(past, self._recent)
        await tools.sink.recall_values(past, self._budgets)
        if intent is not None:
            await self._look_for_lost(intent)
            await self._repeat(intent)

    async def _read_from(self, position: int) -> None:
        # Known before the consumer hears of it: what it then delivers is not to be missed.
        self._reading, self._end = next(_READINGS), position
        await self._tools.positions.read_from(self._tp, position, self._reading)

    async def _read_again(self) -> None:
        with suppress(Fenced):
            await self._read_from(self._end)

    async def _repeat(self, intent: Intent) -> None:
        logger.info(
            "Repeating the open range %s-%d [%d, %d).",
            self._tp.topic,
            self._tp.partition,
            self._position,
            intent.end,
        )
        # The range may be longer than those that are made today.
        self._goal = intent.end
        if self._held and self._pending.end < intent.end:
            self._release()
        while self._pending.end < intent.end:
            self._changed.clear()
            await self._changed.wait()
        decoder = await self._tools.decoder_of(intent.catalogue)
        batch = await self._decode(self._take(intent.end), decoder)
        await self._flush(batch.refuse(intent.refused), intent.catalogue)

    async def _look_for_lost(self, intent: Intent | None = None) -> None:
        """Tell of records that the log forgot; a gap may also be compaction or a transaction's."""
        tp, position = self._tp, self._position
        if int(self._pending.first.offsets[0]) == position:
            return
        start = await self._insist(lambda: self._tools.positions.log_start(tp))
        lost = lost_events(tp, position, intent, start)
        if lost:
            logger.error(
                "Events of %s-%d are lost: the log begins at offset %d but was stored only up to"
                " %d; keep it longer than an outage may last.",
                *(tp.topic, tp.partition, start, position),
            )
            self._tools.watcher.lost(tp, lost)

    async def _next_batch(self) -> EventBatch:
        """Return the next range, decoded; its records are let go of."""
        await self._look_for_lost()
        decoder, records = self._tools.decoder, self._take()
        # Asked after the records came: with the same id now, they are of the log we settled on.
        batch, _ = await asyncio.gather(self._decode(records, decoder), self._check_life())
        cut = batch.cut_before(STORE_PARTITIONS)
        if cut is None:
            return batch
        self._pending.put_back(records.since(cut))
        return await self._decode(records.until(cut), decoder)

    async def _flush(self, batch: EventBatch, catalogue: str) -> None:
        """Take a range through the protocol: intent, rows, ledger, commit."""
        tools, began = self._tools, self._tools.clock.monotonic()
        permit = self._permit(batch, catalogue)
        await permit.renew()
        try:
            await asyncio.gather(tools.publish(batch), tools.sink.store(batch, permit))
        except RowsRefused as refused:
            # Nothing of the insert was stored. Whoever repeats the range must leave them out too.
            await self._flush(batch.refuse(refused.offsets), catalogue)
            return
        await asyncio.gather(
            tools.sink.enter(batch, catalogue, permit), self._project(batch, permit)
        )
        await self._commit(batch.end, "")
        self._recent.remember(batch)
        self._budgets.learn(batch)
        self._gate.note(batch)
        self._position = batch.end
        tools.watcher.stored(batch, tools.clock.monotonic() - began)

    async def _project(self, batch: EventBatch, permit: IntentPermit) -> None:
        # Not beside the rows: the store may take some of them only without others.
        if self._projections:
            if not permit.fresh:
                await permit.renew()
            await self._projections.advance(batch)

    def _permit(self, batch: EventBatch, catalogue: str) -> IntentPermit:
        intent = Intent(batch.end, catalogue, batch.log, batch.refused_by_store)
        metadata = intent.metadata()
        return IntentPermit(
            lambda: self._commit(batch.first, metadata),
            self._tools.permit_seconds,
            self._tools.clock,
        )

    async def _decode_today(self, records: RecordBatch) -> EventBatch:
        return await self._decode(records, self._tools.decoder)

    async def _decode(self, records: RecordBatch, decoder: Decoder) -> EventBatch:
        batch = await asyncio.get_running_loop().run_in_executor(
            self._tools.decoding, self._decode_and_judge, records, decoder
        )
        fresh = self._recent.fresh(batch)
        return batch if fresh.all() else batch.keep(fresh)

    def _decode_and_judge(self, records: RecordBatch, decoder: Decoder) -> EventBatch:
        batch = decoder.decode(records, self._log.generation)
        return self._budgets.judge(batch, records, decoder.catalogue)

    async def _check_life(self) -> None:
        """Raise BrokerError when the topic is not the one that was settled on any more."""
        topic = self._tp.topic
        if await self._insist(lambda: self._tools.positions.topic_id(topic)) != self._log.topic_id:
            raise _made_anew(self._tp)

    async def _commit(self, offset: int, metadata: str) -> None:
        commit = self._tools.positions.commit
        await self._insist(lambda: commit(self._tp, offset, metadata, self.membership))

    async def _insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the broker until it answers; raises Fenced when the partition is another's."""
        wait = 0.1
        while True:
            try:
                return await ask()
            except Fenced:
                raise
            except BrokerError as error:
                logger.warning("%s; trying again in %.1f s.", error, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)


def _made_anew(tp: TP) -> BrokerError:
    return BrokerError(
        f"The topic {tp.topic} was deleted and made anew while this worker ran: restart the workers"
    )
