"""From bytes to columns: the fast path over a whole range of records.

Every record is parsed once. What repeats is looked up in the memo; numbers, times and ids are
checked as whole columns. The decoder accepts what it is sure of and leaves the rest, record by
record, to the arbiter; a property test shows that both always agree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.schemas import limits
from millrace.schemas.catalogue import Catalogue
from millrace.schemas.event import Event
from millrace.streams import columns
from millrace.streams.arbiter import Accepted, judge, microseconds
from millrace.streams.batch import DroppedKey, EventBatch
from millrace.streams.identities import Pseudonyms, coordinate_id
from millrace.streams.memo import Memo, Plan
from millrace.streams.record_batch import RecordBatch
from millrace.streams.refusal import Refusal
from millrace.streams.sanitize import Keys

Mask = npt.NDArray[np.bool_]
_NO_KEYS: Final = msgspec.Raw(b"")


class _Wire(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    name: str
    occurred_at: str
    schema_version: int | None = 1
    id: str | None = None
    tenant: str | None = None
    kind: str | None = None
    value: float | None = None
    measurements: dict[str, float] | None = None
    tags: msgspec.Raw = _NO_KEYS
    attributes: msgspec.Raw = _NO_KEYS
    unit: str | None = None
    source: str | None = None
    entity: str | None = None
    actor: str | None = None
    aggregation: str | None = None
    traceparent: str | None = None
    label: str | None = None


_parse: Final = msgspec.json.Decoder(_Wire).decode
_envelope: Final = attrgetter(
    "schema_version", "tenant", "name", "kind", "unit", "source", "aggregation", "label"
)
_own: Final = attrgetter(
    "id",
    "occurred_at",
    "value",
    "measurements",
    "tags",
    "attributes",
    "entity",
    "actor",
    "traceparent",
)
#: The times that Arrow and the contract read alike; any other form goes to the arbiter.
_PLAIN_TIME: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"
_TYPED_ID: Final = re.compile(limits.TYPED_ID_PATTERN.strip("^$"))
_TRACEPARENT: Final = re.compile(limits.TRACEPARENT_PATTERN.strip("^$"))
_DASHES: Final = [8, 13, 18, 23]
_DIGITS: Final = [place for place in range(36) if place not in _DASHES]
_HEX: Final = np.full(256, 255, np.uint8)
_HEX[[ord(digit) for digit in "0123456789abcdef"]] = range(16)
_HEX[[ord(digit) for digit in "ABCDEF"]] = range(10, 16)


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
        sure, rows, dropped = self._fast(records, log)
        refusals: list[Refusal] = []
        slow: list[tuple[int, Accepted]] = []
        for place in np.flatnonzero(~sure):
            timestamp, offset = int(records.timestamps[place]), int(records.offsets[place])
            verdict = judge(records.values[place], timestamp, self.catalogue)
            if isinstance(verdict, Accepted):
                slow.append((int(place), verdict))
                dropped.update(_dropped_by(verdict.event, verdict, timestamp))
            else:
                refusals.append(replace(verdict, offset=offset, timestamp=timestamp))
        if slow:
            rows = _in_order([rows, self._slow_rows(records, log, slow)])
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
        )

    def _fast(
        self, records: RecordBatch, log: str
    ) -> tuple[Mask, pa.RecordBatch, Counter[DroppedKey]]:
        wires = _parse_all(records.values)
        plans = self._memo.plans([_envelope(wire) for wire in wires])
        sure = np.array([plan is not None for plan in plans], np.bool_)
        if not sure.all():
            kept = np.flatnonzero(sure)
            wires = [wires[place] for place in kept]
            plans = [plans[place] for place in kept]
        known: list[Plan] = plans  # type: ignore[assignment]
        part = _Columns(self._memo, records, log, np.flatnonzero(sure), known, wires)
        rows, fine, dropped = part.build()
        sure[np.flatnonzero(sure)[~fine]] = False
        return sure, rows, dropped

    def _slow_rows(
        self, records: RecordBatch, log: str, accepted: Sequence[tuple[int, Accepted]]
    ) -> pa.RecordBatch:
        places = np.array([place for place, _ in accepted])
        events = [verdict.event for _, verdict in accepted]
        pseudonyms = self._pseudonyms
        ids = [
            event.id.bytes
            if event.id
            else coordinate_id(log, records.topic, records.partition, int(records.offsets[place]))
            for place, event in zip(places, events, strict=True)
        ]
        lengths = np.array([len(event.measurements) for event in events])
        names = list(chain.from_iterable(event.measurements for event in events))
        values = list(chain.from_iterable(event.measurements.values() for event in events))
        typed = [
            (
                pseudonyms.typed(verdict.namespace, verdict.event.source or ""),
                pseudonyms.typed(verdict.namespace, verdict.event.entity or ""),
            )
            for _, verdict in accepted
        ]
        return columns.batch(
            {
                **_coordinates(records, log, places),
                **_envelopes(
                    [(verdict.event, verdict.namespace.retention_class) for _, verdict in accepted],
                    np.arange(len(events)),
                ),
                "id": pa.array(ids, pa.binary(16)),
                "occurred_at": pa.array(
                    [microseconds(event.occurred_at) for event in events], pa.int64()
                ).cast(columns.MICROSECONDS),
                "measurements": columns.number_map(
                    columns.text(names), np.array(values, np.float64), lengths
                ),
                "tags": columns.text_map([list(event.tags.items()) for event in events]),
                "attributes": columns.text_map(
                    [list(event.attributes.items()) for event in events]
                ),
                "source": pa.array([source for source, _ in typed], pa.string()),
                "entity": pa.array([entity for _, entity in typed], pa.string()),
                "actor": pa.array(
                    [pseudonyms.of(event.actor or "") for event in events], pa.string()
                ),
                "traceparent": pa.array(
                    [event.traceparent or "" for event in events], pa.string()
                ),
            },
            columns.EVENTS,
        )


class _Columns:
    """Builds the rows of the records that have a plan, noting the ones that stay unsure."""

    def __init__(
        self,
        memo: Memo,
        records: RecordBatch,
        log: str,
        places: columns.Codes,
        plans: list[Plan],
        wires: list[_Wire],
    ) -> None:
        self._memo, self._records, self._log = memo, records, log
        self._places, self._plans = places, plans
        self._timestamps = records.timestamps[places]
        self._fine: Mask = np.ones(len(wires), np.bool_)
        own = zip(*map(_own, wires), strict=True) if wires else ((),) * 9
        (
            self._ids,
            self._times,
            self._values,
            self._measurements,
            self._tags,
            self._attributes,
            self._entities,
            self._actors,
            self._traceparents,
        ) = map(list, own)

    def build(self) -> tuple[pa.RecordBatch, Mask, Counter[DroppedKey]]:
        """Return the rows that are sure, which those are, and the keys they lost."""
        distinct, codes = _distinct(self._plans)
        numbers, lost = self._number_maps()
        keys, key_codes = _distinct(self._keys())
        rows = columns.batch(
            {
                **_coordinates(self._records, self._log, self._places),
                **_envelopes([(p.event, p.namespace.retention_class) for p in distinct], codes),
                "id": self._id_column(),
                "occurred_at": self._occurred_at(),
                "measurements": numbers,
                "tags": columns.text_map([k.tags for k in keys]).take(pa.array(key_codes)),
                "attributes": columns.text_map([k.attributes for k in keys]).take(
                    pa.array(key_codes)
                ),
                "source": pa.array([p.source for p in distinct], pa.string()).take(
                    pa.array(codes)
                ),
                "entity": self._texts(self._entities, self._entity),
                "actor": self._texts(self._actors, self._actor),
                "traceparent": self._texts(self._traceparents, _traceparent),
            },
            columns.EVENTS,
        )
        dropped = self._dropped(keys, key_codes, lost)
        return (rows if self._fine.all() else rows.filter(pa.array(self._fine))), self._fine, dropped

    def _keys(self) -> list[Keys]:
        found = self._memo.keys(self._plans, self._tags)
        for place, attributes in enumerate(self._attributes):
            if attributes is not _NO_KEYS:
                found[place] = self._memo.keep(
                    self._plans[place], self._tags[place], attributes
                )
        if None in found:
            for place, keys in enumerate(found):
                if keys is None:
                    self._fine[place] = False
        return [keys or _NOTHING for keys in found]

    def _number_maps(self) -> tuple[pa.Array, dict[int, tuple[str, ...]]]:
        """Return the measurements, and by place the names of the ones that were dropped."""
        lost: dict[int, tuple[str, ...]] = {}
        names: list[str] = []
        values: list[float | None] = []
        lengths = np.ones(len(self._plans), np.int64)
        for place, given in enumerate(self._measurements):
            value = self._values[place]
            if not given:
                names.append("count" if value is None else "value")
                values.append(1.0 if value is None else value)
                continue
            form = self._plans[place].form(tuple(given)) if value is None else None
            if form is None:
                self._fine[place] = False
                names.append("count")
                values.append(1.0)
                continue
            if form.as_sent:
                names.extend(form.names)
                values.extend(given.values())
            else:
                sent = tuple(given.values())
                names.extend(form.names)
                values.extend([sent[position] for position in form.positions])
                if form.dropped:
                    lost[place] = form.dropped
            lengths[place] = len(form.names)
        numbers = np.array(values, np.float64)
        in_range = np.abs(numbers) <= limits.MEASUREMENT_MAGNITUDE
        if not in_range.all():
            self._fine[np.repeat(np.arange(len(lengths)), lengths)[~in_range]] = False
        return columns.number_map(columns.text(names), numbers, lengths), lost

    def _occurred_at(self) -> pa.Array:
        times = pa.array(self._times, pa.string())
        plain = pc.match_substring_regex(times, _PLAIN_TIME)
        if not pc.all(plain, min_count=0).as_py():
            self._fine &= np.asarray(plain)
            times = pc.if_else(plain, times, "1970-01-01T00:00:00Z")
        try:
            occurred = times.cast(columns.MICROSECONDS)
        except pa.ArrowInvalid:
            occurred = self._one_by_one(times)
        behind = self._timestamps * 1000 - np.asarray(occurred.cast(pa.int64()))
        self._fine &= behind <= limits.AGE_SECONDS * 1_000_000
        self._fine &= behind >= -limits.AHEAD_SECONDS * 1_000_000
        return occurred

    def _one_by_one(self, times: pa.Array) -> pa.Array:
        """Read times of which at least one does not exist, like the 30th of February."""
        micros = np.zeros(len(times), np.int64)
        for place, time in enumerate(times):
            try:
                micros[place] = time.cast(columns.MICROSECONDS).value
            except pa.ArrowInvalid:
                self._fine[place] = False
        return pa.array(micros).cast(columns.MICROSECONDS)

    def _id_column(self) -> pa.Array:
        texts = self._ids
        missing = [place for place, text in enumerate(texts) if text is None]
        if missing:
            texts = [_NIL if text is None else text for text in texts]
        encoded = _encode_ids(texts)
        if encoded is None:
            texts = [self._checked_id(place, text) for place, text in enumerate(texts)]
            encoded = _encode_ids(texts)
        raw = bytearray(encoded or b"")
        for place in missing:
            offset = int(self._records.offsets[self._places[place]])
            raw[16 * place : 16 * place + 16] = coordinate_id(
                self._log, self._records.topic, self._records.partition, offset
            )
        return pa.Array.from_buffers(
            pa.binary(16), len(texts), [None, pa.py_buffer(bytes(raw))]
        )

    def _checked_id(self, place: int, text: str) -> str:
        if _encode_ids([text]) is not None:
            return text
        self._fine[place] = False
        return _NIL

    def _texts(
        self, values: list[str | None], store: Callable[[Plan, str], str | None]
    ) -> pa.Array:
        """Return a column of mostly absent texts; a text that is not fit leaves its event unsure."""
        kept = [""] * len(values)
        for place, value in enumerate(values):
            if value is not None:
                stored = store(self._plans[place], value)
                if stored is None:
                    self._fine[place] = False
                else:
                    kept[place] = stored
        return pa.array(kept, pa.string())

    def _entity(self, plan: Plan, value: str) -> str | None:
        if not _TYPED_ID.fullmatch(value):
            return None
        return self._memo.pseudonyms.typed(plan.namespace, value)

    def _actor(self, _: Plan, value: str) -> str | None:
        if len(value) > limits.ACTOR_LENGTH:
            return None
        return self._memo.pseudonyms.of(value)

    def _dropped(
        self, keys: list[Keys], codes: columns.Codes, lost: dict[int, tuple[str, ...]]
    ) -> Counter[DroppedKey]:
        counted: Counter[DroppedKey] = Counter()
        losing = np.array([bool(entry.dropped) for entry in keys], np.bool_)
        places = np.flatnonzero(losing[codes] & self._fine) if losing.any() else np.array([], int)
        groups: Counter[tuple[int, int, int]] = Counter(
            (int(codes[place]), id(self._plans[place]), int(self._timestamps[place] // 60_000))
            for place in places
        )
        plans = {id(plan): plan for plan in self._plans}
        for (code, plan, minute), count in groups.items():
            for key in keys[code].dropped:
                counted[_dropped_key(plans[plan], minute, key)] += count
        for place, names in lost.items():
            if self._fine[place]:
                minute = int(self._timestamps[place] // 60_000)
                counted.update(_dropped_key(self._plans[place], minute, name) for name in names)
        return counted


_NOTHING: Final = Keys()
_NIL: Final = "00000000-0000-0000-0000-000000000000"
#: Stands in for a record that msgspec cannot read; its empty name has no plan.
_UNREADABLE: Final = _Wire(name="", occurred_at="")


def _parse_all(values: Sequence[bytes | None]) -> list[_Wire]:
    try:
        if max(map(len, values), default=0) <= limits.EVENT_BYTES:  # type: ignore[arg-type]
            return [_parse(value) for value in values]  # type: ignore[arg-type]
    except (msgspec.DecodeError, TypeError, ValueError, RecursionError):
        pass  # one of them at least; find out which
    return [_parse_one(value) for value in values]


def _parse_one(value: bytes | None) -> _Wire:
    if value is None or len(value) > limits.EVENT_BYTES:
        return _UNREADABLE
    try:
        return _parse(value)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _UNREADABLE


def _distinct(entries: Sequence[Any]) -> tuple[list[Any], columns.Codes]:
    """Return the distinct objects and, for each entry, which of them it is."""
    order: dict[int, int] = {}
    codes = np.array([order.setdefault(id(entry), len(order)) for entry in entries], np.int64)
    by_id = {id(entry): entry for entry in entries}
    return [by_id[number] for number in order], codes


def _coordinates(records: RecordBatch, log: str, places: columns.Codes) -> dict[str, pa.Array]:
    return {
        "log": columns.constant(log, len(places)),
        "topic": columns.constant(records.topic, len(places)),
        "partition": pa.array(np.full(len(places), records.partition, np.uint32)),
        "offset": pa.array(records.offsets[places].astype(np.uint64)),
        "received_at": pa.array(records.timestamps[places]).cast(columns.MILLISECONDS),
    }


def _envelopes(events: list[tuple[Event, str]], codes: columns.Codes) -> dict[str, pa.Array]:
    """Return the columns that an envelope decides, for each code its event's."""
    texts = {
        "retention_class": [retention for _, retention in events],
        "tenant": [event.tenant for event, _ in events],
        "name": [event.name for event, _ in events],
        "unit": [event.unit or "" for event, _ in events],
        "aggregation": [str(event.aggregation or "") for event, _ in events],
        "label": [event.label or "" for event, _ in events],
    }
    kinds = np.array([columns.KINDS[event.kind] for event, _ in events], np.int8)
    return {
        **{name: columns.chosen(values, codes) for name, values in texts.items()},
        "kind": pa.array(kinds[codes]),
        "schema_version": pa.array(np.full(len(codes), limits.SCHEMA_VERSION, np.uint8)),
    }


def _encode_ids(texts: Sequence[str]) -> bytes | None:
    """Return canonical UUIDs as 16 bytes each, or None when one of them is not canonical."""
    joined = "".join(texts)
    if len(joined) != 36 * len(texts) or not joined.isascii():
        return None
    letters = np.frombuffer(joined.encode(), np.uint8).reshape(-1, 36)
    digits = _HEX[letters[:, _DIGITS]]
    if (letters[:, _DASHES] != ord("-")).any() or (digits == 255).any():
        return None
    return bytes((digits[:, 0::2] << 4 | digits[:, 1::2]).tobytes())


def _traceparent(_: Plan, value: str) -> str | None:
    return value if _TRACEPARENT.fullmatch(value) else None


def _dropped_key(plan: Plan, minute: int, key: str) -> DroppedKey:
    return DroppedKey(minute * 60, plan.event.tenant, plan.namespace.name, plan.event.name, key)


def _dropped_by(event: Event, verdict: Accepted, timestamp: int) -> Counter[DroppedKey]:
    minute = timestamp // 60_000 * 60
    return Counter(
        DroppedKey(minute, event.tenant, verdict.namespace.name, event.name, key)
        for key in verdict.dropped
    )


def _in_order(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    rows = columns.one_batch(parts)
    return rows.take(pc.sort_indices(rows, sort_keys=[("offset", "ascending")]))
