"""The shape of a record on the wire, as the fast parser reads it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec

from millrace.schemas import limits

NO_KEYS: Final = msgspec.Raw(b"")


class Wire(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A record whose fields have the right types; nothing else about them is known yet."""

    name: str
    occurred_at: str
    schema_version: int | None = 1
    id: str | None = None
    tenant: str | None = None
    kind: str | None = None
    value: float | None = None
    measurements: dict[str, float] | None = None
    tags: msgspec.Raw = NO_KEYS
    attributes: msgspec.Raw = NO_KEYS
    unit: str | None = None
    source: str | None = None
    entity: str | None = None
    actor: str | None = None
    aggregation: str | None = None
    traceparent: str | None = None
    label: str | None = None


#: What repeats from event to event.
envelope: Final = attrgetter(
    "schema_version", "tenant", "name", "kind", "unit", "source", "aggregation", "label"
)
_parse: Final = msgspec.json.Decoder(Wire).decode
#: Stands in for a record that cannot be read; its empty name is never accepted.
_UNREADABLE: Final = Wire(name="", occurred_at="")


def parse(values: Sequence[bytes | None]) -> list[Wire]:
    """Return each record's wire form; what cannot be read gets one that is never accepted."""
    try:
        if max(map(len, values), default=0) <= limits.EVENT_BYTES:  # type: ignore[arg-type]
            return [_parse(value) for value in values]  # type: ignore[arg-type]
    except (msgspec.DecodeError, TypeError, ValueError, RecursionError):
        pass  # one of them at least; find out which
    return [_parse_one(value) for value in values]


def _parse_one(value: bytes | None) -> Wire:
    if value is None or len(value) > limits.EVENT_BYTES:
        return _UNREADABLE
    try:
        return _parse(value)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _UNREADABLE
