"""A decoded range: the rows to store, the records refused and the keys dropped, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.schemas.reasons import Reason
from millrace.streams import columns
from millrace.streams.record_batch import Integers
from millrace.streams.refusal import Refusal
from millrace.streams.series import SeriesCodes, read_series
from millrace.streams.tag_values import TagOverflow, TagValue, overflow_rows, value_rows

MICROSECONDS_A_DAY = 86_400_000_000
#: ClickHouse refuses an insert that touches more than 100 partitions of a table.
STORE_PARTITIONS = 90


@dataclass(frozen=True, slots=True)
class DroppedKey:
    """What dropped keys are counted by; ``minute`` is in Unix seconds of Kafka time."""

    minute: int
    tenant: str
    namespace: str
    name: str
    key: str


@dataclass(frozen=True)
class EventBatch:
    """Everything that one contiguous offset range [first, end) of one partition came to.

    ``rows`` has the columns of :data:`millrace.streams.columns.EVENTS` in offset order;
    ``timestamps`` are the rows' Kafka times in milliseconds. Every record delivered is a row, a
    refusal or a duplicate; ``refused_by_store`` are the offsets of refusals that the decoder had
    accepted.

    ``tag_values`` and ``overflows`` are what the budgets made of the range's events. They stay as
    they are when rows are found to be duplicates or refused by the store: the next events were
    judged with these values known, wherever the range was cut, and what was inserted under the
    range's token must not change. Such a value takes up room and does no other harm.
    """

    log: str
    topic: str
    partition: int
    first: int
    end: int
    delivered: int
    rows: pa.RecordBatch
    timestamps: Integers
    refusals: tuple[Refusal, ...] = ()
    dropped: Mapping[DroppedKey, int] = field(default_factory=dict)
    duplicates: int = 0
    refused_by_store: tuple[int, ...] = ()
    #: The rows by series, where whoever made the batch knew them.
    known_series: SeriesCodes | None = None
    tag_values: Sequence[TagValue] = ()
    overflows: Mapping[TagOverflow, int] = field(default_factory=dict)

    @cached_property
    def series(self) -> SeriesCodes:
        """Which series each row belongs to."""
        return self.known_series or read_series(self.rows)

    @property
    def token(self) -> str:
        """The deduplication token: the range and nothing else."""
        return f"{self.log}:{self.topic}:{self.partition}:{self.first}-{self.end}"

    @property
    def stored(self) -> int:
        """How many rows are to be stored."""
        return int(self.rows.num_rows)

    @cached_property
    def occurred(self) -> Integers:
        """When each row's event happened, in Unix microseconds."""
        return np.asarray(self.rows.column("occurred_at").cast(pa.int64()), np.int64)

    @cached_property
    def days(self) -> Integers:
        """The UTC day of each row's event, in days since 1970."""
        return np.asarray(self.occurred // MICROSECONDS_A_DAY, np.int64)

    def keep(self, mask: npt.NDArray[np.bool_]) -> EventBatch:
        """Return the batch with only the rows where ``mask`` holds; the rest are duplicates."""
        kept = self.rows.filter(pa.array(mask))
        return replace(
            self,
            rows=kept,
            timestamps=self.timestamps[mask],
            known_series=self.series.keep(mask),
            duplicates=self.duplicates + self.stored - kept.num_rows,
        )

    def refuse(self, offsets: Sequence[int]) -> EventBatch:
        """Return the batch with the rows at these offsets refused: the store cannot take them."""
        chosen = np.isin(np.asarray(self.rows.column("offset")), np.array(offsets, np.uint64))
        found = zip(
            self.rows.filter(pa.array(chosen)).to_pylist(), self.timestamps[chosen], strict=True
        )
        refusals = [
            Refusal(
                offset=row["offset"],
                timestamp=int(timestamp),
                reason=Reason.INVALID_FIELD,
                field="",
                message="The store cannot take this row; the worker's log has its error",
                tenant=row["tenant"],
                name=row["name"],
            )
            for row, timestamp in found
        ]
        return replace(
            self,
            rows=self.rows.filter(pa.array(~chosen)),
            timestamps=self.timestamps[~chosen],
            known_series=self.series.keep(~chosen),
            refusals=tuple(sorted((*self.refusals, *refusals), key=lambda one: one.offset)),
            refused_by_store=(*self.refused_by_store, *(one.offset for one in refusals)),
        )

    def cut_before(self, partitions: int) -> int | None:
        """Return the offset at which the rows would touch one store partition too many.

        A store partition is a day and a retention class; None when at most ``partitions`` are
        touched.
        """
        classes = self.rows.column("retention_class").indices.to_numpy().astype(np.int64)
        places = self.days * 65_536 + classes
        _, firsts = np.unique(places, return_index=True)
        if len(firsts) <= partitions:
            return None
        return int(self.rows.column("offset")[int(np.sort(firsts)[partitions])].as_py())

    def dead_letters(self) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """Return the refusals as rows of ``dead_letters``: the decoder's and the store's."""
        stores = set(self.refused_by_store)
        return (
            self._letters([one for one in self.refusals if one.offset not in stores]),
            self._letters([one for one in self.refusals if one.offset in stores]),
        )

    def _letters(self, found: Sequence[Refusal]) -> pa.RecordBatch:
        count = len(found)
        return columns.batch(
            {
                **self._coordinate(count),
                "offset": pa.array([r.offset for r in found], pa.uint64()),
                "received_at": pa.array([r.timestamp for r in found], pa.int64()).cast(
                    columns.MILLISECONDS
                ),
                "tenant": pa.array([r.tenant for r in found], pa.string()),
                "namespace": columns.text(r.namespace for r in found),
                "name": pa.array([r.name for r in found], pa.string()),
                "reason": columns.text(r.reason for r in found),
                "field": pa.array([r.field for r in found], pa.string()),
                "message": pa.array([r.message for r in found], pa.string()),
                "payload": pa.array([r.payload for r in found], pa.string()),
                "size": pa.array([r.size for r in found], pa.uint32()),
            },
            columns.DEAD_LETTERS,
        )

    def dropped_keys(self) -> pa.RecordBatch:
        """Return the counts of dropped keys as rows of ``dropped_keys``, in a fixed order."""
        found = sorted(
            self.dropped.items(),
            key=lambda pair: (pair[0].minute, pair[0].tenant, pair[0].name, pair[0].key),
        )
        return columns.batch(
            {
                **self._coordinate(len(found)),
                "bucket": pa.array([k.minute for k, _ in found], pa.int64()).cast(columns.SECONDS),
                "tenant": columns.text(k.tenant for k, _ in found),
                "namespace": columns.text(k.namespace for k, _ in found),
                "name": columns.text(k.name for k, _ in found),
                "key": pa.array([k.key for k, _ in found], pa.string()),
                "dropped": pa.array([count for _, count in found], pa.uint64()),
            },
            columns.DROPPED_KEYS,
        )

    def new_tag_values(self) -> pa.RecordBatch:
        """Return the values that tags had for the first time as rows of ``tag_values``."""
        return value_rows(self.tag_values, self._coordinate(len(self.tag_values)))

    def tag_overflows(self) -> pa.RecordBatch:
        """Return the events over a budget as rows of ``tag_overflows``, in a fixed order."""
        return overflow_rows(self.overflows, self._coordinate(len(self.overflows)))

    def ledger(self, catalogue: str, flushed_at: int) -> pa.RecordBatch:
        """Return the range's row of ``ingest_ledger``; ``flushed_at`` in Unix milliseconds."""
        days = self.days if self.stored else np.zeros(1, np.int64)
        return columns.batch(
            {
                **self._coordinate(1),
                "first_offset": pa.array([self.first], pa.uint64()),
                "end_offset": pa.array([self.end], pa.uint64()),
                "delivered": pa.array([self.delivered], pa.uint64()),
                "stored": pa.array([self.stored], pa.uint64()),
                "rejected": pa.array([len(self.refusals)], pa.uint64()),
                "duplicate": pa.array([self.duplicates], pa.uint64()),
                "refused": pa.array([self.refused_by_store], pa.list_(pa.uint64())),
                "first_day": pa.array([int(days.min())], pa.int32()).cast(pa.date32()),
                "last_day": pa.array([int(days.max())], pa.int32()).cast(pa.date32()),
                "catalogue": columns.constant(catalogue, 1),
                "flushed_at": pa.array([flushed_at], pa.int64()).cast(columns.MILLISECONDS),
            },
            columns.LEDGER,
        )

    def _coordinate(self, count: int) -> dict[str, pa.Array]:
        return {
            "log": columns.constant(self.log, count),
            "topic": columns.constant(self.topic, count),
            "partition": pa.array(np.full(count, self.partition, np.uint32)),
        }
