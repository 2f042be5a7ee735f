"""From bytes to columns: everything that a range of records comes to.

Every record is parsed once. What repeats is looked up in the memo; the rest is built and checked
column by column. The decoder accepts what it is sure of and leaves the rest, record by record, to
the arbiter; a property test shows that both always agree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.schemas.catalogue import Catalogue
from millrace.streams import columns
from millrace.streams.arbiter import Accepted, judge
from millrace.streams.batch import DroppedKey, EventBatch
from millrace.streams.event_columns import arbiters_rows
from millrace.streams.fast_columns import Built, FastColumns, Mask
from millrace.streams.identities import Pseudonyms
from millrace.streams.memo import Memo, Plan
from millrace.streams.record_batch import RecordBatch
from millrace.streams.refusal import Refusal
from millrace.streams.series import Series, SeriesCodes, joined, series_codes
from millrace.streams.wire import envelope, parse


class Decoder:
    """Decodes ranges by one catalogue. Not safe to share between threads."""

    def __init__(self, catalogue: Catalogue, actor_key: bytes) -> None:
        self.catalogue = catalogue
        self._pseudonyms = Pseudonyms(actor_key)
        self._memo = Memo(catalogue, self._pseudonyms)

    def decode(self, records: RecordBatch, log: str) -> EventBatch:
        """Return everything that the records come to. Never raises for any input.

        The answer is a pure function of the records, the log's generation, the catalogue and the
        actor key; it does not depend on how the range was fetched.
        """
        sure, built = self._fast(records, log)
        rows, series, dropped = built.rows, built.series, built.dropped
        refusals: list[Refusal] = []
        slow: list[tuple[int, Accepted]] = []
        for place in map(int, np.flatnonzero(~sure)):
            timestamp, offset = int(records.timestamps[place]), int(records.offsets[place])
            verdict = judge(records.values[place], timestamp, self.catalogue)
            if isinstance(verdict, Accepted):
                slow.append((place, verdict))
                dropped.update(dropped_by(verdict, timestamp))
            else:
                refusals.append(replace(verdict, offset=offset, timestamp=timestamp))
        if slow:
            slow_rows = arbiters_rows(records, log, slow, self._pseudonyms)
            rows, series = _in_order([(rows, series), (slow_rows, _series(slow))])
            sure[[place for place, _ in slow]] = True
        return EventBatch(
            log=log,
            topic=records.topic,
            partition=records.partition,
            first=records.first,
            end=records.end,
            delivered=len(records),
            rows=rows,
            timestamps=records.timestamps[sure],
            refusals=tuple(refusals),
            dropped=dropped,
            known_series=series,
        )

    def _fast(self, records: RecordBatch, log: str) -> tuple[Mask, Built]:
        wires = parse(records.values)
        plans = self._memo.plans([envelope(wire) for wire in wires])
        sure = np.array([plan is not None for plan in plans], np.bool_)
        if not sure.all():
            kept = np.flatnonzero(sure)
            wires = [wires[place] for place in kept]
            plans = [plans[place] for place in kept]
        known: list[Plan] = plans  # type: ignore[assignment]
        part = FastColumns(self._memo, records, log, np.flatnonzero(sure), known, wires)
        built = part.build()
        sure[np.flatnonzero(sure)[~built.fine]] = False
        return sure, built


def dropped_by(verdict: Accepted, timestamp: int) -> Counter[DroppedKey]:
    """Return the keys that an event lost, as they are counted; ``timestamp`` is Kafka's."""
    event = verdict.event
    minute = timestamp // 60_000 * 60
    return Counter(
        DroppedKey(minute, event.tenant, verdict.namespace.name, event.name, key)
        for key in verdict.dropped
    )


def _series(accepted: list[tuple[int, Accepted]]) -> SeriesCodes:
    events = [verdict.event for _, verdict in accepted]
    found = [Series(e.tenant, e.name, tuple(sorted(e.tags.items()))) for e in events]
    return series_codes(np.arange(len(found)), found)


def _in_order(
    parts: list[tuple[pa.RecordBatch, SeriesCodes]],
) -> tuple[pa.RecordBatch, SeriesCodes]:
    rows = columns.one_batch([rows for rows, _ in parts])
    order = pc.sort_indices(rows, sort_keys=[("offset", "ascending")])
    return rows.take(order), joined([series for _, series in parts], order.to_numpy())
