"""The independent count of live values: each from the stored events up to where it stands."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from window_reference import Event, Series

from millrace.schemas.window import LiveProgress, LiveValue

#: Values by their place: event time and offset.
Values = list[tuple[int, int, float]]


class Record(NamedTuple):
    """A record as Kafka has it; ``timestamp`` in milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def wrong_live(
    partition: int,
    events: Sequence[Event],
    kinds: Mapping[str, str],
    records: Sequence[Record],
    most: int,
) -> Iterator[str]:
    """Compare a partition's live values with its stored events, as far as they have come.

    ``kinds`` tells the kind of a name's events, ``most`` how many observations are kept.
    """
    where = f"live values of partition {partition}"
    progress, found = held(records)
    if progress is None:
        yield f"{where}: the partition's own record is missing"
        return
    expected: dict[tuple[Series, str], Values] = defaultdict(list)
    for event in events:
        kind = kinds.get(event.name, "event")
        if event.offset < progress.through_offset and kind != "event":
            for name, value in event.measurements.items():
                series = (event.tenant, event.name, name, event.tags)
                expected[series, kind].append((event.occurred_us, event.offset, value))
    for place in sorted(set(expected) ^ set(found)):
        yield f"{where}: {place} is {'missing' if place in expected else 'unknown'}"
    for place in sorted(set(expected) & set(found)):
        if not _same(found[place], expected[place], most):
            yield f"{where}: {place} is {found[place].value}, {len(expected[place])} values differ"


def held(
    records: Sequence[Record],
) -> tuple[LiveProgress | None, dict[tuple[Series, str], LiveValue]]:
    """Return what a reader holds after these records of one partition."""
    progress: LiveProgress | None = None
    values: dict[tuple[Series, str], LiveValue] = {}
    for record in records:
        tenant, *rest = json.loads(record.key or b"[]")
        if len(rest) == 1:
            if record.value is not None:
                progress = LiveProgress.model_validate_json(record.value)
            continue
        name, measurement, tags, kind = rest
        place = ((tenant, name, measurement, tuple(sorted(tags.items()))), kind)
        if record.value is None:
            values.pop(place, None)
            continue
        value, known = LiveValue.model_validate_json(record.value), values.get(place)
        if not known or known.log != value.log or known.through_offset <= value.through_offset:
            values[place] = value
    return progress, values


def _same(live: LiveValue, values: Values, most: int) -> bool:
    newest = sorted(values)[-most:]
    if live.kind == "counter":
        return live.value == math.fsum(value for *_, value in values)
    if live.value != newest[-1][2]:
        return False
    if live.kind == "gauge":
        return True
    # Of equal times any order would do, were it not for the newest.
    return live.observations == [value for *_, value in newest] and live.times == [
        time for time, *_ in newest
    ]
