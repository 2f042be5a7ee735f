"""Budgets of tag values: how many distinct values a tag of one tenant's name may ever have.

First come, first served, per source partition. A known value goes on working for ever; a new one
beyond the budget overflows or is refused, as its namespace says. Values never expire: forgetting
one would let a repeated range come to something else than before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.schemas.catalogue import Catalogue, Namespace, OverBudget
from millrace.schemas.errors import InvalidEvent
from millrace.schemas.reasons import Reason
from millrace.streams import columns
from millrace.streams.arbiter import overrule
from millrace.streams.batch import EventBatch
from millrace.streams.decode import dropped_by
from millrace.streams.record_batch import Integers, RecordBatch
from millrace.streams.refusal import Refusal
from millrace.streams.sanitize import Pairs
from millrace.streams.series import Series, SeriesCodes, series_codes
from millrace.streams.tag_values import TagOverflow, TagValue

#: What a value beyond its budget becomes; it takes up no room itself.
OVERFLOW: Final = "__overflow__"
#: A series takes some hundred bytes; those that are forgotten are looked up value by value again.
_SERIES: Final = 50_000
_TAGS: Final = columns.EVENTS.get_field_index("tags")
#: More than there are minutes until Kafka's latest time.
_MINUTES: Final = 2**32

#: The values of each tag of one tenant's name.
Values = dict[str, set[str]]


class Budgets:
    """The tag values that one source partition has had. Not safe to share between threads.

    ``judge`` changes nothing of what is known, since a range may be decoded several times before
    it is stored; ``learn`` and ``load`` do.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Values] = {}
        self._known: set[Series] = set()  # series of which every value is known

    def judge(self, batch: EventBatch, records: RecordBatch, catalogue: Catalogue) -> EventBatch:
        """Return the batch as its budgets leave it, with what is new and what was too much.

        ``records`` are what the batch was decoded from, by the same catalogue. The verdict about an
        event depends on the events before it alone, wherever the range was cut.
        """
        series, first = batch.series.series, _first_rows(batch.series)
        unsure = [code for code in np.flatnonzero(first >= 0).tolist() if self._new(series[code])]
        if not unsure:
            return batch
        judgement = _Judgement(batch, catalogue, self._values)
        # A verdict about a series is one about all of its rows: what is known stays known, and
        # what is full stays full.
        for code in sorted(unsure, key=first.__getitem__):
            judgement.decide(code, int(first[code]))
        return judgement.applied(records)

    def learn(self, batch: EventBatch) -> None:
        """Take in the values of a batch that has been stored."""
        self.load((one.tenant, one.name, one.key, one.value) for one in batch.tag_values)

    def load(self, found: Iterable[tuple[str, str, str, str]]) -> None:
        """Take in values: tenant, name, key and value of each."""
        for tenant, name, key, value in found:
            self._values.setdefault((tenant, name), {}).setdefault(key, set()).add(value)

    def _new(self, series: Series) -> bool:
        """Tell whether a series has a value that is not known."""
        if series in self._known:
            return False
        values = self._values.get(series[:2], {})
        if any(value not in values.get(key, ()) and value != OVERFLOW for key, value in series[2]):
            return True
        if len(self._known) >= _SERIES:
            self._known.clear()
        self._known.add(series)
        return False


@dataclass(slots=True)
class _Tag:
    """One tag of one tenant's name while a batch is judged."""

    known: Collection[str]
    budget: int
    brought: dict[str, int] = field(default_factory=dict)  # by this batch: value -> its first row
    full: int | None = None  # the row that took the last room; -1: there was none left

    def __post_init__(self) -> None:
        self._fill(-1)

    def new(self, value: str, row: int) -> bool:
        """Tell whether no row before has had this value."""
        if value in self.known or value == OVERFLOW:
            return False
        return self.brought.get(value, row) >= row

    def over(self, value: str, row: int) -> bool:
        """Tell whether a row's value is new when the budget is used up."""
        return self.full is not None and self.full < row and self.new(value, row)

    def bring(self, value: str, row: int) -> None:
        """Give a new value its room."""
        self.brought[value] = row
        self._fill(row)

    def _fill(self, row: int) -> None:
        if self.full is None and len(self.known) + len(self.brought) >= self.budget:
            self.full = row


@dataclass(frozen=True, slots=True)
class _Name:
    """One tenant's name while a batch is judged."""

    namespace: Namespace
    values: Values
    tags: dict[str, _Tag] = field(default_factory=dict)

    def tag(self, key: str) -> _Tag:
        """Return one of its tags."""
        found = self.tags.get(key)
        if found is None:
            found = _Tag(self.values.get(key, ()), self.namespace.series_budget)
            self.tags[key] = found
        return found

    def over(self, tags: Pairs, row: int) -> tuple[str, ...]:
        """Return the keys of which a row has a value too many."""
        return tuple(key for key, value in tags if self.tag(key).over(value, row))


class _Judgement:
    """What a batch's series come to, decided in the order of their first rows."""

    def __init__(
        self,
        batch: EventBatch,
        catalogue: Catalogue,
        values: Mapping[tuple[str, str], Values],
    ) -> None:
        self._batch, self._catalogue, self._values = batch, catalogue, values
        self._offsets: Integers = np.asarray(batch.rows.column("offset"), np.int64)
        self._names: dict[tuple[str, str], _Name] = {}
        self._brought: list[TagValue] = []
        self._overflowed: dict[int, tuple[str, ...]] = {}  # series by code -> keys
        self._refused: list[int] = []  # series by code

    def decide(self, code: int, row: int) -> None:
        """Decide about a series by its first row."""
        series = self._batch.series.series[code]
        name = self._name(series)
        if name.namespace.over_budget is OverBudget.IGNORE:
            return
        over = name.over(series.tags, row)
        if over and name.namespace.over_budget is OverBudget.REFUSE:
            self._refused.append(code)
            return
        if over:
            self._overflowed[code] = over
        for key, value in series.tags:
            tag = name.tag(key)
            if key not in over and tag.new(value, row):
                tag.bring(value, row)
                where = (series.tenant, name.namespace.name, series.name)
                self._brought.append(TagValue(*where, key, value, int(self._offsets[row])))

    def applied(self, records: RecordBatch) -> EventBatch:
        """Return the batch as it was decided."""
        if not (self._brought or self._overflowed or self._refused):
            return self._batch
        counts = self._overflow_counts()
        batch = replace(
            self._batch, known_series=self._batch.series, tag_values=tuple(self._brought)
        )
        if self._refused:
            batch = self._without_refused(batch, records, counts)
        if self._overflowed:
            batch = self._with_overflow(batch)
        return replace(batch, overflows=counts)

    def _name(self, series: Series) -> _Name:
        which = series[:2]
        found = self._names.get(which)
        if found is None:
            found = _Name(self._catalogue.owner(*which), self._values.get(which, {}))
            self._names[which] = found
        return found

    def _rows(self, codes: Collection[int]) -> npt.NDArray[np.bool_]:
        """Tell which rows are of these series."""
        chosen = np.zeros(len(self._batch.series.series), np.bool_)
        chosen[list(codes)] = True
        return np.asarray(chosen[self._batch.series.codes])

    def _overflow_counts(self) -> Counter[TagOverflow]:
        counts: Counter[TagOverflow] = Counter()
        rows = self._rows(self._overflowed)
        minutes = self._batch.timestamps[rows] // 60_000
        places = self._batch.series.codes[rows] * _MINUTES + minutes
        for place, count in zip(*np.unique(places, return_counts=True), strict=True):
            code, minute = divmod(int(place), _MINUTES)
            series = self._batch.series.series[code]
            for key in self._overflowed[code]:
                counts[self._counted(series, key, minute, refused=False)] += int(count)
        return counts

    def _counted(self, series: Series, key: str, minute: int, *, refused: bool) -> TagOverflow:
        namespace = self._name(series).namespace.name
        return TagOverflow(60 * minute, series.tenant, namespace, series.name, key, refused)

    def _without_refused(
        self, batch: EventBatch, records: RecordBatch, counts: Counter[TagOverflow]
    ) -> EventBatch:
        chosen = self._rows(self._refused)
        refusals, dropped = [], Counter(batch.dropped)
        for row in np.flatnonzero(chosen).tolist():
            series = batch.series.series[batch.series.codes[row]]
            name = self._name(series)
            key = name.over(series.tags, row)[0]
            offset, timestamp = int(self._offsets[row]), int(batch.timestamps[row])
            raw = records.values[int(np.searchsorted(records.offsets, offset))]
            found, accepted = overrule(raw, timestamp, self._catalogue, _exceeded(name, key))
            refusals.append(replace(found, offset=offset, timestamp=timestamp))
            counts[self._counted(series, key, timestamp // 60_000, refused=True)] += 1
            # What a refused event would have lost is no dropped key.
            dropped.subtract(dropped_by(accepted, timestamp))
        return replace(
            batch,
            rows=batch.rows.filter(pa.array(~chosen)),
            timestamps=batch.timestamps[~chosen],
            known_series=batch.series.keep(~chosen),
            refusals=_in_order([*batch.refusals, *refusals]),
            dropped=+dropped,
        )

    def _with_overflow(self, batch: EventBatch) -> EventBatch:
        series = list(batch.series.series)
        for code, keys in self._overflowed.items():
            tags = tuple((k, OVERFLOW if k in keys else value) for k, value in series[code].tags)
            series[code] = series[code]._replace(tags=tags)
        codes = batch.series.codes
        tags_column = columns.text_map([one.tags for one in series]).take(pa.array(codes))
        return replace(
            batch,
            rows=batch.rows.set_column(_TAGS, columns.EVENTS.field(_TAGS), tags_column),
            known_series=series_codes(codes, series),
        )


def _first_rows(series: SeriesCodes) -> Integers:
    """Return the first row of each series, -1 for one that has none."""
    first = np.full(len(series.series), -1, np.int64)
    # Of several assignments to one place the last one stays.
    first[series.codes[::-1]] = np.arange(len(series.codes))[::-1]
    return first


def _exceeded(name: _Name, key: str) -> InvalidEvent:
    most = name.namespace.series_budget
    return InvalidEvent(
        Reason.TAG_VALUES_EXCEEDED,
        f"tags.{key}",
        f"Maximum {most} unique values per tag: a new one is refused, the known ones go on working",
    )


def _in_order(refusals: list[Refusal]) -> tuple[Refusal, ...]:
    return tuple(sorted(refusals, key=lambda one: one.offset))
