"""Names the first offset that a table is missing, or has too much, by reading the log again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Difference, Slice, Span
from millrace.clickhouse.rollup_checks import expired
from millrace.clickhouse.slices import RAW
from millrace.schemas.catalogue import Catalogue
from millrace.streams.batch import EventBatch
from millrace.streams.log_facts import Decided, read_log
from millrace.streams.settings import Settings

_EPOCH: Final = date(1970, 1, 1)
_LETTERS: Final = "dead_letters"
#: Naming an offset reads the log; beyond so many differences one knows enough.
_NAMED: Final = 5
#: Longer spans are not read again only to name an offset.
_LONGEST: Final = 2_000_000

_HELD: Final = {
    RAW: "SELECT offset FROM events WHERE {span}",
    _LETTERS: "SELECT offset FROM dead_letters WHERE {span} UNION DISTINCT "
    "SELECT offset FROM letter_marks WHERE mark = 'purged' AND {span}",
}


class _Named(Exception):
    """The offset is found; nothing more needs to be read."""


async def name_offsets(
    settings: Settings,
    catalogue: Catalogue,
    store: Store,
    differences: Sequence[Difference],
    log: Sequence[Span],
    now: datetime,
) -> dict[str, str]:
    """Return a few words more for differences of ranges that the log still holds, by place."""
    notes: dict[str, str] = {}
    known: dict[tuple[str, Span], str] = {}
    for one in differences:
        if one.table not in _HELD or one.span is None or len(known) >= _NAMED:
            continue
        held = any(span.place == one.span.place and span.first <= one.span.first for span in log)
        if not held or len(one.span) > _LONGEST:
            continue
        which = (one.table, one.span)
        if which not in known:
            seeker = _Seeker(settings, store, one.table, one.span, now)
            known[which] = await seeker.seek(catalogue)
        if known[which]:
            notes[one.place] = known[which]
    return notes


@dataclass(frozen=True)
class _Seeker:
    """Looks for the first wrong offset of one table in one span."""

    settings: Settings
    store: Store
    table: str
    span: Span
    now: datetime

    async def seek(self, catalogue: Catalogue) -> str:
        """Read the span again and say which offset is wrong, nothing when none is."""
        try:
            await read_log(self.settings, catalogue, self.store, [self.span], look=self._look)
        except _Named as named:
            return str(named)
        return ""

    def _look(self, decided: Decided) -> None:
        first, end = decided.batch.first, decided.batch.end
        wanted = self._wanted(decided)
        part = Span(self.span.place, first, end)
        rows = self.store.rows(_HELD[self.table].format(span=part.condition))
        found = {int(offset) for (offset,) in rows}
        missing, surplus = sorted(wanted - found), sorted(found - wanted)
        if missing and (not surplus or missing[0] < surplus[0]):
            raise _Named(f"offset {missing[0]} is missing")
        if surplus:
            raise _Named(f"offset {surplus[0]} should not be there")

    def _wanted(self, decided: Decided) -> set[int]:
        if self.table == _LETTERS:
            return {refusal.offset for refusal in decided.batch.refusals}
        batches = (decided.batch, *decided.redriven)
        return {offset for batch in batches for offset in self._kept(batch)}

    def _kept(self, batch: EventBatch) -> list[int]:
        """Return the offsets of rows that have not expired."""
        if not batch.stored:
            return []
        classes = batch.rows.column("retention_class")
        names, codes = classes.dictionary.to_pylist(), classes.indices.to_numpy()
        offsets = np.asarray(batch.rows.column("offset"))
        gone = np.zeros(batch.stored, np.bool_)
        for day in np.unique(batch.days):
            for code, name in enumerate(names):
                piece = Slice(_EPOCH + timedelta(days=int(day)), name, "")
                if expired(self.settings.retention.model_dump(), RAW, piece, self.now):
                    gone |= (batch.days == day) & (codes == code)
        return [int(offset) for offset in offsets[~gone]]
