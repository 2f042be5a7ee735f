"""A refused record, and how little of it may be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from millrace.schemas import limits
from millrace.schemas.catalogue import Declaration, Namespace
from millrace.schemas.errors import InvalidEvent
from millrace.schemas.event import Aggregation, Kind

_TEXT: Final = 255
_PATTERNS: Final[Mapping[str, str]] = {
    "id": r"[0-9a-fA-F-]{36}",
    "tenant": limits.TENANT_PATTERN,
    "kind": "|".join(Kind),
    "occurred_at": r"[0-9TtZz:.+ -]{10,40}",
    "aggregation": "|".join(Aggregation),
    "traceparent": limits.TRACEPARENT_PATTERN,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one record was refused, with the part of it that may be shown.

    ``payload`` is JSON that holds envelope fields which are what they should be, numbers, and the
    values of keys that the catalogue allows; anything else is replaced by a note of its type.
    """

    offset: int
    timestamp: int
    reason: str
    field: str
    message: str
    tenant: str = ""
    namespace: str = ""
    name: str = ""
    payload: str = ""
    size: int = 0


def refusal(
    error: InvalidEvent,
    raw: bytes,
    document: Any = None,
    namespace: Namespace | None = None,
    declaration: Declaration | None = None,
) -> Refusal:
    """Describe a refused record; its coordinate is added by the caller."""
    fields: Mapping[str, Any] = document if isinstance(document, dict) else {}
    return Refusal(
        offset=-1,
        timestamp=0,
        reason=str(error.reason),
        field=error.field[:_TEXT],
        message=error.message[: 2 * _TEXT],
        tenant=_matching("tenant", fields.get("tenant", "default")),
        namespace=namespace.name if namespace else "",
        name=_short(fields.get("name")),
        payload=redact(fields, namespace, declaration),
        size=len(raw),
    )


def redact(
    document: Mapping[str, Any],
    namespace: Namespace | None,
    declaration: Declaration | None,
) -> str:
    """Return the part of a refused document that may be kept, as JSON."""
    if not document:
        return ""
    kept: dict[str, Any] = {}
    for field in ("schema_version", "value"):
        if field in document:
            kept[field] = _number(document[field])
    for field in _PATTERNS:
        if field in document:
            kept[field] = _matching(field, document[field]) or _type_of(document[field])
    if "name" in document:
        kept["name"] = _short(document["name"]) or _type_of(document["name"])
    for field in ("measurements", "tags", "attributes"):
        if field in document:
            kept[field] = _values(field, document[field], namespace, declaration)
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)


def _values(
    field: str, values: Any, namespace: Namespace | None, declaration: Declaration | None
) -> Any:
    if not isinstance(values, dict):
        return _type_of(values)
    allowed = {key: values[key] for key in values if _allowed(field, key, namespace, declaration)}
    if field == "measurements":
        return {key: _number(value) for key, value in allowed.items()}
    return {
        key: _short(value) if isinstance(value, str) else _type_of(value)
        for key, value in allowed.items()
    }


def _allowed(
    field: str, key: str, namespace: Namespace | None, declaration: Declaration | None
) -> bool:
    if namespace is None or len(key) > limits.TAG_KEY_LENGTH:
        return False
    if declaration is not None:
        own = declaration.measurements if field == "measurements" else ()
        return key in declaration.tags or key in declaration.attributes or key in own
    if namespace.undeclared == "closed":
        return False
    return field == "tags" and key.lower() not in namespace.deny


def _matching(field: str, value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(_PATTERNS[field].strip("^$"), value):
        return value
    return ""


def _short(value: Any) -> str:
    return value[:_TEXT] if isinstance(value, str) else ""


def _number(value: Any) -> Any:
    if isinstance(value, (int, float)) and abs(value) <= limits.MEASUREMENT_MAGNITUDE:
        return value
    return _type_of(value)


def _type_of(value: Any) -> str:
    if isinstance(value, str):
        return f"<text of {len(value)} characters>"
    return f"<{type(value).__name__}>"
