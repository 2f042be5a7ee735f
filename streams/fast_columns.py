"""The fast path: the columns of the records whose envelope is known.

Numbers, times and ids are checked as whole columns. A record that does not fit is only noted; the
arbiter decides it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.schemas import limits
from millrace.streams import columns
from millrace.streams.batch import DroppedKey
from millrace.streams.event_columns import coordinates, encode_ids, envelopes
from millrace.streams.identities import coordinate_id
from millrace.streams.memo import Memo, Plan
from millrace.streams.record_batch import RecordBatch
from millrace.streams.sanitize import Keys
from millrace.streams.series import Series, SeriesCodes, factorize, series_codes
from millrace.streams.wire import NO_KEYS, Wire

Mask = npt.NDArray[np.bool_]

#: The contract's times but for lower-case letters, which Arrow does not read.
_TIME: Final = limits.TIMESTAMP_PATTERN.replace("[Tt]", "T").replace("[Zz]", "Z")
_MICROSECOND_TIME: Final = len("2026-11-20T12:00:00.000000Z")
#: Beyond microseconds the contract cuts a fraction; Arrow refuses it.
_FINER_FRACTION: Final = r"(\.\d{6})\d+"
_TYPED_ID: Final = re.compile(limits.TYPED_ID_PATTERN.strip("^$"))
_TRACEPARENT: Final = re.compile(limits.TRACEPARENT_PATTERN.strip("^$"))
_NOTHING: Final = Keys()
_NIL: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Built:
    """The rows that are sure with their series, which of the records they are, what was lost."""

    rows: pa.RecordBatch
    series: SeriesCodes
    fine: Mask
    dropped: Counter[DroppedKey]


class FastColumns:
    """Builds the rows of the records that have a plan, noting the ones that stay unsure."""

    def __init__(
        self,
        memo: Memo,
        records: RecordBatch,
        log: str,
        places: columns.Codes,
        plans: list[Plan],
        wires: list[Wire],
    ) -> None:
        self._memo, self._records, self._log = memo, records, log
        self._places, self._plans = places, plans
        self._timestamps = records.timestamps[places]
        self._fine: Mask = np.ones(len(wires), np.bool_)
        self._ids = [wire.id for wire in wires]
        self._times = [wire.occurred_at for wire in wires]
        self._values = [wire.value for wire in wires]
        self._measurements = [wire.measurements for wire in wires]
        self._tags = [wire.tags for wire in wires]
        self._attributes = [wire.attributes for wire in wires]
        self._entities = [wire.entity for wire in wires]
        self._actors = [wire.actor for wire in wires]
        self._traceparents = [wire.traceparent for wire in wires]

    def build(self) -> Built:
        """Return the rows that are sure, which those are, and the keys they lost."""
        distinct, codes = _distinct(self._plans)
        numbers, lost = self._number_maps()
        keys, key_codes = _distinct(self._keys())
        rows = columns.batch(
            {
                **coordinates(self._records, self._log, self._places),
                **envelopes([(p.event, p.namespace.retention_class) for p in distinct], codes),
                "id": self._id_column(),
                "occurred_at": self._occurred_at(),
                "measurements": numbers,
                "tags": columns.text_map([k.tags for k in keys]).take(pa.array(key_codes)),
                "attributes": columns.text_map([k.attributes for k in keys]).take(
                    pa.array(key_codes)
                ),
                "source": pa.array([p.source for p in distinct], pa.string()).take(pa.array(codes)),
                "entity": self._texts(self._entities, self._entity),
                "actor": self._texts(self._actors, self._actor),
                "traceparent": self._texts(self._traceparents, _traceparent),
            },
            columns.EVENTS,
        )
        dropped = self._dropped(keys, key_codes, lost)
        series = _series(distinct, codes, keys, key_codes)
        if not self._fine.all():
            rows, series = rows.filter(pa.array(self._fine)), series.keep(self._fine)
        return Built(rows, series, self._fine, dropped)

    def _keys(self) -> list[Keys]:
        found = self._memo.keys(self._plans, self._tags)
        for place, attributes in enumerate(self._attributes):
            if attributes is not NO_KEYS:
                found[place] = self._memo.keep(self._plans[place], self._tags[place], attributes)
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
        sound = pc.match_substring_regex(times, _TIME)
        if not pc.all(sound, min_count=0).as_py():
            self._fine &= np.asarray(sound)
            times = pc.if_else(sound, times, "1970-01-01T00:00:00Z")
        if (pc.max(pc.binary_length(times)).as_py() or 0) > _MICROSECOND_TIME:
            times = pc.replace_substring_regex(times, _FINER_FRACTION, r"\1")
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
        missing = [place for place, text in enumerate(self._ids) if text is None]
        texts = [_NIL if text is None else text for text in self._ids]
        encoded = encode_ids(texts)
        if encoded is None:
            texts = [self._checked_id(place, text) for place, text in enumerate(texts)]
            encoded = encode_ids(texts)
        raw = bytearray(encoded or b"")
        for place in missing:
            offset = int(self._records.offsets[self._places[place]])
            raw[16 * place : 16 * place + 16] = coordinate_id(
                self._log, self._records.topic, self._records.partition, offset
            )
        return pa.Array.from_buffers(pa.binary(16), len(texts), [None, pa.py_buffer(bytes(raw))])

    def _checked_id(self, place: int, text: str) -> str:
        if encode_ids([text]) is not None:
            return text
        self._fine[place] = False
        return _NIL

    def _texts(
        self, values: list[str | None], store: Callable[[Plan, str], str | None]
    ) -> pa.Array:
        """Return a column of mostly absent texts; one that does not fit leaves its event unsure."""
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


def _distinct(entries: Sequence[Any]) -> tuple[list[Any], columns.Codes]:
    """Return the distinct objects and, for each entry, which of them it is."""
    order: dict[int, int] = {}
    codes = np.array([order.setdefault(id(entry), len(order)) for entry in entries], np.int64)
    by_id = {id(entry): entry for entry in entries}
    return [by_id[number] for number in order], codes


def _series(
    plans: list[Plan], plan_codes: columns.Codes, keys: list[Keys], key_codes: columns.Codes
) -> SeriesCodes:
    codes, pairs = factorize(plan_codes * len(keys) + key_codes)
    events = [plan.event for plan in plans]
    candidates = [
        Series(events[plan].tenant, events[plan].name, keys[key].tags)
        for plan, key in zip(
            *(part.tolist() for part in divmod(pairs, len(keys) or 1)), strict=True
        )
    ]
    return series_codes(codes, candidates)


def _traceparent(_: Plan, value: str) -> str | None:
    return value if _TRACEPARENT.fullmatch(value) else None


def _dropped_key(plan: Plan, minute: int, key: str) -> DroppedKey:
    return DroppedKey(minute * 60, plan.event.tenant, plan.namespace.name, plan.event.name, key)
