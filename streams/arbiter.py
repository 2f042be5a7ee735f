"""The arbiter: decides one record, exactly and slowly, with pydantic.

What it accepts and what it makes of an event is the definition; :mod:`millrace.streams.decode`
must agree with it on everything that it accepts by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from millrace.schemas import limits
from millrace.schemas.catalogue import Catalogue, Declaration, Namespace, Scalars, Undeclared
from millrace.schemas.errors import InvalidEvent
from millrace.schemas.event import Event
from millrace.schemas.reasons import Reason
from millrace.streams.refusal import Refusal, refusal
from millrace.streams.sanitize import keep_keys, keep_measurement, key_name

_NAME: Final = re.compile(limits.NAME_PATTERN.strip("^$"))
_TENANT: Final = re.compile(limits.TENANT_PATTERN.strip("^$"))
_REASONS: Final = frozenset(Reason)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event as it may be stored, but for the hashing of identities."""

    event: Event
    namespace: Namespace
    dropped: tuple[str, ...]


def judge(raw: bytes | None, timestamp: int, catalogue: Catalogue) -> Accepted | Refusal:
    """Decide one record.

    ``timestamp`` is the record's Kafka time in milliseconds, against which its age is measured.
    Never raises for any input.
    """
    raw = raw or b""
    document: Any = None
    namespace: Namespace | None = None
    declaration: Declaration | None = None
    try:
        document = _parse(raw)
        tenant, name = _identify(document)
        namespace, declaration = catalogue.resolve(tenant, name)
        _admit(namespace, declaration, name)
        accepted = _accept(document, namespace, declaration)
        _check_age(accepted.event, timestamp)
    except InvalidEvent as error:
        return refusal(error, raw, document, namespace, declaration)
    return accepted


def overrule(
    raw: bytes | None, timestamp: int, catalogue: Catalogue, error: InvalidEvent
) -> tuple[Refusal, Accepted]:
    """Refuse a record that is fine by itself, on account of those that came before it.

    Also returns what it would have been. The record must be one that :func:`judge` accepts.
    """
    verdict = judge(raw, timestamp, catalogue)
    if raw is None or isinstance(verdict, Refusal):
        raise ValueError("Only a record that was accepted can be overruled")
    document = _parse(raw)
    owner, declaration = catalogue.resolve(*_identify(document))
    return refusal(error, raw, document, owner, declaration), verdict


def _identify(document: dict[str, Any]) -> tuple[str, str]:
    version = document.get("schema_version")
    if version is not None and type(version) is not int:
        raise InvalidEvent(Reason.INVALID_FIELD, "schema_version", "must be a whole number")
    if version not in (None, limits.SCHEMA_VERSION):
        raise InvalidEvent(
            Reason.UNSUPPORTED_VERSION, "schema_version", "only version 1 is supported"
        )
    tenant = document.get("tenant")
    if tenant is None:
        tenant = "default"
    if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
        raise InvalidEvent(Reason.INVALID_FIELD, "tenant", "must be 1 to 64 of A-Z a-z 0-9 _ -")
    name = document.get("name")
    if name is None or name == "":
        raise InvalidEvent(Reason.INVALID_FIELD, "name", "can't be blank")
    if not isinstance(name, str) or len(name) > limits.NAME_LENGTH or not _NAME.fullmatch(name):
        raise _bad_name(name)
    return tenant, name


def _admit(namespace: Namespace, declaration: Declaration | None, name: str) -> None:
    if not namespace.accepts_name(name):
        raise _bad_name(name)
    if namespace.undeclared is Undeclared.CLOSED and declaration is None:
        raise InvalidEvent(
            Reason.UNKNOWN_NAME, "name", f"namespace {namespace.name} does not declare this name"
        )
    if declaration is not None and not declaration.tracked:
        raise InvalidEvent(
            Reason.UNKNOWN_NAME, "name", f"namespace {namespace.name} does not track this name"
        )


def _bad_name(name: Any) -> InvalidEvent:
    given = name if isinstance(name, str) else f"<{type(name).__name__}>"
    return InvalidEvent(
        Reason.INVALID_FIELD,
        "name",
        f"Invalid event_name format: {given[: limits.NAME_LENGTH]}",
    )


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > limits.EVENT_BYTES:
        raise InvalidEvent(
            Reason.TOO_LARGE, "", f"a record may have at most {limits.EVENT_BYTES} bytes"
        )
    try:
        document = from_json(raw)
    except ValueError:
        # The parser's own text is not passed on: it could quote the record.
        raise InvalidEvent(Reason.MALFORMED_JSON, "", "the record is not JSON") from None
    if not isinstance(document, dict):
        raise InvalidEvent(Reason.NOT_AN_OBJECT, "", "the record is JSON but not an object")
    return document


def _accept(
    document: dict[str, Any], namespace: Namespace, declaration: Declaration | None
) -> Accepted:
    keys = keep_keys(namespace, declaration, document.get("tags"), document.get("attributes"))
    measurements, dropped = _measurements(document, namespace, declaration)
    fields = {
        **document,
        "tags": dict(keys.tags),
        "attributes": dict(keys.attributes),
        "measurements": measurements,
    }
    if declaration is not None:
        fields["name"] = declaration.name
    try:
        event = Event.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error.errors(include_url=False, include_input=False)[0]) from None
    if declaration is not None:
        event = event.model_copy(update={"kind": declaration.kind})
    return Accepted(event, namespace, tuple(sorted(keys.dropped + dropped)))


def _measurements(
    document: dict[str, Any], namespace: Namespace, declaration: Declaration | None
) -> tuple[Any, tuple[str, ...]]:
    given = document.get("measurements")
    if not isinstance(given, dict):
        return given, ()
    if namespace.scalars is Scalars.COERCE:
        given = {key: 0.0 if value is None else value for key, value in given.items()}
    kept = {key: value for key, value in given.items() if keep_measurement(declaration, key)}
    return kept, tuple(key_name(key) for key in given if key not in kept)


def _invalid(fault: ErrorDetails) -> InvalidEvent:
    reason = fault["type"] if fault["type"] in _REASONS else Reason.INVALID_FIELD
    location = [str(part) for part in fault["loc"] if part != "[key]"]
    if len(location) > 1 or fault["type"] == "extra_forbidden":
        location[-1] = key_name(location[-1])
    return InvalidEvent(reason, ".".join(location), fault["msg"])


def microseconds(time: datetime) -> int:
    """Return an aware time as whole microseconds since 1970, exactly."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def _check_age(event: Event, timestamp: int) -> None:
    behind = timestamp * 1000 - microseconds(event.occurred_at)
    if behind > limits.AGE_SECONDS * 1_000_000:
        raise InvalidEvent(Reason.TOO_OLD, "occurred_at", "is more than 90 days ago")
    if behind < -limits.AHEAD_SECONDS * 1_000_000:
        raise InvalidEvent(Reason.IN_FUTURE, "occurred_at", "is more than 5 minutes ahead")
