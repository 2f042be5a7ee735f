"""Reconciles a running installation: waits for the workers, reads the log, compares the store.

The live windows come last, since they are published after their events were stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Difference, LogFacts, Place, Report, Span
from millrace.clickhouse.ledger import ledger_spans, within
from millrace.clickhouse.reconcile import Terms, compare_log, compare_store
from millrace.clickhouse.window_checks import WIDTH, compare_progress, compare_windows
from millrace.schemas.catalogue import Catalogue
from millrace.schemas.catalogue_files import load_catalogue
from millrace.streams.log_facts import read_log
from millrace.streams.log_spans import first_record, log_spans, to_read_again
from millrace.streams.settings import Settings
from millrace.streams.topics import Topics
from millrace.streams.window_facts import WindowReading
from millrace.streams.wrong_offset import name_offsets

#: How long a worker may take to store what is in the log before that counts as a difference.
PATIENCE: Final = 60.0
_LOOK: Final = 0.5
#: A transaction leaves a mark or two at the end of a log; so many offsets are looked into.
_FEW: Final = 8
#: Seconds until what differs is compared again. Rows on their way can look like a difference; one
#: that is real is there every time. All of it is longer than a dead worker's session.
_WAITS: Final = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is compared.

    At most the ``records`` newest records are read again, all of them for None. ``since`` leaves
    out what was flushed before. ``patience`` is how long what is in the log now may take to be
    stored before it counts as a difference; None never counts it. ``gentle`` leaves a worker that
    shares the process its time, and its memory: live windows are not compared then.
    """

    records: int | None = None
    since: datetime | None = None
    patience: float | None = PATIENCE
    gentle: bool = False


async def prove(
    settings: Settings,
    store: Store,
    *,
    patience: float | None = PATIENCE,
    records: int | None = None,
    since: datetime | None = None,
    gentle: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Compare the log with the store, while workers may go on writing.

    Aggregates of everything are always compared, and live windows unless ``gentle``;
    :class:`Effort` has the meaning of the rest.
    Raises BrokerError or StoreError when either cannot be asked.
    """
    effort = Effort(records, since, patience, gentle)
    catalogue = await asyncio.to_thread(load_catalogue, settings.catalogue_files)
    return await _Proof(settings, store, catalogue, effort, progress).run()


@dataclass(frozen=True)
class _Proof:
    settings: Settings
    store: Store
    catalogue: Catalogue
    effort: Effort
    progress: Callable[[int, int], None]
    looked_at: dict[Span, bool] = field(default_factory=dict)

    async def run(self) -> Report:
        before = await asyncio.to_thread(ledger_spans, self.store)
        log = await log_spans(self.settings.kafka, self.store)
        if self.effort.patience is not None:
            await self._wait_for_ledger(log, self.effort.patience)
        ledger = await asyncio.to_thread(ledger_spans, self.store, self.effort.since)
        chosen = await asyncio.to_thread(
            to_read_again, self.store, log, ledger, self.effort.records
        )
        facts = await self._read(chosen)
        report = await self._compare(log, facts)
        await self._compare_ends(report, log, before)
        await self._name_offsets(report, log)
        report.reread = sum(len(one.span) for one in facts)
        report.records = sum(
            len(Span(span.place, span.first, ledger[span.place].end))
            for span in log
            if span.place in ledger
        )
        return report

    async def _wait_for_ledger(self, log: Sequence[Span], patience: float) -> None:
        deadline = asyncio.get_running_loop().time() + patience
        while await self._behind(log):
            if asyncio.get_running_loop().time() >= deadline:
                return
            await asyncio.sleep(_LOOK)

    async def _behind(self, log: Sequence[Span]) -> dict[Place, Span]:
        """Return what services sent and the ledger has not, of the log as it was."""
        topic = Topics(self.settings.kafka.topic_prefix).events
        ledger = await asyncio.to_thread(ledger_spans, self.store)
        left = behind([span for span in log if span.place.topic == topic], ledger)
        return {place: span for place, span in left.items() if not await self._empty(span)}

    async def _empty(self, span: Span) -> bool:
        """Tell whether a log ends with nothing but the marks of transactions."""
        if len(span) > _FEW:
            return False
        if span not in self.looked_at:
            self.looked_at[span] = await first_record(self.settings.kafka, span) is None
        return self.looked_at[span]

    async def _read(self, spans: Sequence[Span]) -> LogFacts:
        return await read_log(
            self.settings,
            self.catalogue,
            self.store,
            spans,
            progress=self.progress,
            gentle=self.effort.gentle,
        )

    async def _compare(self, log: Sequence[Span], facts: LogFacts) -> Report:
        """Compare until nothing differs, or the same differs every time."""
        lasting: dict[str, Difference] | None = None
        moved: object = None
        windows = await self._windows(log)
        for wait in (*_WAITS, 0.0):
            report = await asyncio.to_thread(self._compare_once, log, facts)
            there = await windows.compare(report) if windows else True
            found = {one.place: one for one in report.found}
            if lasting is not None:
                found = {place: one for place, one in found.items() if place in lasting}
            still, moved_before = lasting is not None and set(found) == set(lasting), moved
            lasting = found
            report.found = list(found.values())
            moved = await asyncio.to_thread(ledger_spans, self.store)
            quiet = still and there and moved == moved_before and not await self._behind(log)
            if report.ok or quiet or not wait:
                break
            await asyncio.sleep(wait)
            # Letters may have been redriven since the log was read.
            if await asyncio.to_thread(redriven_since, self.store, facts):
                facts = await self._read([one.span for one in facts])
        return report

    async def _windows(self, log: Sequence[Span]) -> _Windows | None:
        """Return how live windows are compared; None when they are not."""
        if self.effort.gentle or not self.settings.windows.enabled:
            return None
        topic = Topics(self.settings.kafka.topic_prefix).events
        places = [span.place for span in log if span.place.topic == topic]
        ledger = await asyncio.to_thread(ledger_spans, self.store)
        ends = {place: ledger[place].end for place in places if place in ledger}
        reading = WindowReading(self.settings, places, self.effort.since)
        return _Windows(self.settings, self.store, reading, ends)

    def _compare_once(self, log: Sequence[Span], facts: LogFacts) -> Report:
        terms = Terms(self.settings.retention.model_dump(), datetime.now(UTC), self.effort.since)
        report = compare_store(self.store, log, terms)
        again = compare_log(self.store, facts, terms)
        report.checks += again.checks
        report.found += again.found
        return report

    async def _compare_ends(
        self,
        report: Report,
        log: Sequence[Span],
        before: Mapping[Place, Span],
    ) -> None:
        """Say where the log goes on beyond the ledger, or the ledger beyond the log."""
        for span in log:
            known = before.get(span.place)
            if known is not None and span.end < known.end:
                report.add(
                    f"ingest_ledger, {span.place}, offsets {span.end} to {known.end}",
                    "the log ends before the ledger: the topic was deleted and made anew, or the"
                    " broker lost its end; restart the workers, they begin a new ledger",
                )
        if self.effort.patience is None:
            return
        for left in (await self._behind(log)).values():
            report.checks += 1
            first = await first_record(self.settings.kafka, left)
            if first is not None:
                report.add(
                    f"ingest_ledger, {left.place}, end",
                    f"expected {left.end}, found {left.first}; offset {first} is the first of the"
                    " log that no worker has stored",
                )

    async def _name_offsets(self, report: Report, log: Sequence[Span]) -> None:
        notes = await name_offsets(
            self.settings, self.catalogue, self.store, report.found, log, datetime.now(UTC)
        )
        report.found = [
            replace(one, text=f"{one.text}; {notes[one.place]}") if one.place in notes else one
            for one in report.found
        ]


@dataclass(frozen=True)
class _Windows:
    """Compares live windows, again and again."""

    settings: Settings
    store: Store
    reading: WindowReading
    #: Where the ledger ended before. Its newest ranges' windows may still be on their way: they
    #: are published beside the ledger's row.
    ends: Mapping[Place, int]

    async def compare(self, report: Report) -> bool:
        """Add to a report; returns whether the windows have come to where the ledger ended."""
        facts = await self.reading.refresh()
        there = await asyncio.to_thread(compare_progress, self.store, report, facts, self.ends)
        if WIDTH in self.settings.windows.sizes:
            retention, now = self.settings.retention.model_dump(), datetime.now(UTC)
            await asyncio.to_thread(compare_windows, self.store, report, facts, retention, now)
        return there


def behind(log: Sequence[Span], ledger: Mapping[Place, Span]) -> dict[Place, Span]:
    """Return the offsets that the log has and the ledger has not come to."""
    left = {}
    for span in log:
        known = ledger.get(span.place)
        first = max(span.first, known.end) if known else span.first
        if first < span.end:
            left[span.place] = Span(span.place, first, span.end)
    return left


def redriven_since(store: Store, facts: LogFacts) -> bool:
    """Tell whether letters were redriven since these spans of the log were read."""
    condition = within({one.span.place: one.span for one in facts})
    ((count,),) = store.rows(
        f"SELECT uniqExact(log, topic, partition, offset) FROM letter_marks"
        f" WHERE mark = 'redriven' AND {condition}"
    )
    return int(count) != sum(one.redriven for one in facts)
