"""What may leave: which keys an event keeps, and what their values are turned into.

Pure functions of the event and the catalogue, used by the arbiter for one event and by the decoder
for a whole batch, so that both keep exactly the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from millrace.schemas import limits
from millrace.schemas.catalogue import Declaration, LongValues, Namespace, Scalars
from millrace.schemas.errors import InvalidEvent
from millrace.schemas.reasons import Reason

Pairs = tuple[tuple[str, str], ...]

#: Measurements that every declared event may carry besides its own.
COMMON_MEASUREMENTS: Final = frozenset({"value", "count"})
#: A dropped key is counted by name; a name that could itself be a value is counted as this.
OTHER_KEY: Final = "__other__"

_KEY_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,49}")
_LARGEST_INTEGER: Final = 10**100


@dataclass(frozen=True, slots=True)
class Keys:
    """An event's keys after sanitizing: what it keeps, sorted by key, and what it lost."""

    tags: Pairs = ()
    attributes: Pairs = ()
    dropped: tuple[str, ...] = ()


def clean_text(text: str) -> str:
    """Strip control characters, normalise to NFC and trim (METRIC-11)."""
    if text.isascii() and text.isprintable():
        return text.strip()
    composed = unicodedata.normalize("NFC", text)
    return "".join(c for c in composed if unicodedata.category(c) != "Cc").strip()


def key_name(key: str) -> str:
    """Return the name under which a dropped key is counted."""
    return key if _KEY_NAME.fullmatch(key) else OTHER_KEY


def keep_keys(
    namespace: Namespace, declaration: Declaration | None, tags: Any, attributes: Any
) -> Keys:
    """Return what the event may keep of its tags and attributes.

    A declared event keeps its declared keys; the catalogue decides whether a key lives among the
    tags or the attributes, wherever the producer put it. An undeclared event of an open namespace
    keeps its tags but for the deny list, and no attributes. Raises InvalidEvent when a limit is
    broken or a value is not text and the namespace does not forgive that.
    """
    tags = _mapping(namespace, "tags", tags)
    attributes = _mapping(namespace, "attributes", attributes)
    if not tags and not attributes:
        return Keys()
    if declaration is None:
        _check_tags(namespace, tags)
        kept = {key: value for key, value in tags.items() if key.lower() not in namespace.deny}
        dropped = [key for key in tags if key not in kept] + list(attributes)
        return Keys(_texts(namespace, "tags", kept, dropped), (), _names(dropped))
    sent = {**attributes, **tags}
    own = {key: value for key, value in sent.items() if key in declaration.tags}
    dropped = [key for key in sent if key not in own and key not in declaration.attributes]
    held = {
        key: attributes.get(key, tags.get(key))
        for key in declaration.attributes
        if key in attributes or key in tags
    }
    _check_tags(namespace, own)
    kept_tags = _texts(namespace, "tags", own, dropped)
    kept_attributes = _texts(namespace, "attributes", held, dropped)
    return Keys(kept_tags, kept_attributes, _names(dropped))


def keep_measurement(declaration: Declaration | None, key: str) -> bool:
    """Tell whether the event may keep the measurement."""
    return declaration is None or key in declaration.measurements or key in COMMON_MEASUREMENTS


def _names(dropped: list[str]) -> tuple[str, ...]:
    return tuple(sorted(key_name(key) for key in dropped))


def _mapping(namespace: Namespace, field: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    if namespace.scalars is Scalars.COERCE:
        return {}
    raise InvalidEvent(Reason.INVALID_FIELD, field, "must be a map of text to text")


def _check_tags(namespace: Namespace, tags: Mapping[str, Any]) -> None:
    if len(tags) > namespace.tags:
        raise InvalidEvent(Reason.TOO_MANY_TAGS, "tags", f"Maximum {namespace.tags} tags allowed")
    for key in tags:
        if len(key) > limits.TAG_KEY_LENGTH:
            raise InvalidEvent(
                Reason.TAG_KEY_TOO_LONG, "tags", "a tag key may have at most 50 characters"
            )
        if not key or clean_text(key) != key:
            raise InvalidEvent(
                Reason.INVALID_FIELD, "tags", "a tag key must be plain text and not empty"
            )


def _texts(
    namespace: Namespace, field: str, values: Mapping[str, Any], dropped: list[str]
) -> Pairs:
    limit = namespace.tag_value_length if field == "tags" else namespace.attribute_length
    kept = []
    for key in sorted(values):
        text = _text(namespace, f"{field}.{key}", values[key])
        if text is None:
            if values[key] is not None:
                dropped.append(key)
            continue
        if len(text) > limit:
            if namespace.long_values is LongValues.REFUSE:
                raise _too_long(field, key, limit)
            text = text[:limit].rstrip()
        kept.append((key, text))
    return tuple(kept)


def _text(namespace: Namespace, field: str, value: Any) -> str | None:
    if isinstance(value, str):
        return clean_text(value)
    if namespace.scalars is Scalars.REFUSE:
        raise InvalidEvent(Reason.INVALID_FIELD, field, "must be text")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < _LARGEST_INTEGER):
        return str(value)
    return None  # null, and what is no scalar at all


def _too_long(field: str, key: str, limit: int) -> InvalidEvent:
    if field == "tags":
        return InvalidEvent(
            Reason.TAG_VALUE_TOO_LONG,
            f"tags.{key}",
            f"a tag value may have at most {limit} characters",
        )
    return InvalidEvent(
        Reason.INVALID_FIELD,
        f"attributes.{key}",
        f"an attribute may have at most {limit} characters",
    )
