"""The event: what a service publishes, as pydantic decides it.

This model is the contract and the arbiter. A faster decoder may accept what it is sure of; what it
is not sure of comes here. The model is strict: no number stands in for a string and no string for
a number. What a namespace is willing to forgive is applied to the document before it gets here
(see :mod:`millrace.streams.arbiter`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from millrace.schemas import limits
from millrace.schemas.json_schema import describe_shorthand
from millrace.schemas.reasons import Reason


class Kind(StrEnum):
    """What an event's measurements mean."""

    EVENT = "event"
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


class Aggregation(StrEnum):
    """The aggregation that a producer prefers for its metric."""

    AVG = "AVG"
    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"
    P50 = "P50"
    P90 = "P90"
    P95 = "P95"
    P99 = "P99"


_TIMESTAMP: Final = re.compile(limits.TIMESTAMP_PATTERN, re.ASCII)


def _version(value: object) -> int:
    # True and 1.0 equal 1, and so they would pass for the literal.
    if type(value) is not int:
        raise PydanticCustomError("invalid_field", "must be a whole number")
    if value != limits.SCHEMA_VERSION:
        raise PydanticCustomError(Reason.UNSUPPORTED_VERSION, "only version 1 is supported")
    return limits.SCHEMA_VERSION


def _rfc3339(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)  # an event built in Python; no JSON document has one
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        raise PydanticCustomError("invalid_field", "must be an RFC 3339 time with an offset")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("invalid_field", "is not a time that exists") from None


def _uuid(value: object) -> UUID:
    # Only the canonical form: uuid.UUID() would also take braces, a urn and bare hex.
    if isinstance(value, UUID):
        return value
    if isinstance(value, str) and len(value) == 36:
        try:
            parsed = UUID(value)
        except ValueError:
            pass
        else:
            if str(parsed) == value.lower():
                return parsed
    raise PydanticCustomError("invalid_field", "must be a UUID")


def _measurement(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PydanticCustomError("invalid_field", "must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= limits.MEASUREMENT_MAGNITUDE:  # also refuses NaN
        raise PydanticCustomError(
            Reason.VALUE_RANGE, "must be a finite number of magnitude at most 1e38"
        )
    return number


def _measurements(value: object) -> object:
    if isinstance(value, Mapping) and len(value) > limits.MEASUREMENTS:
        raise PydanticCustomError("invalid_field", "Maximum 50 measurements allowed")
    return value


def _tags(value: object) -> object:
    if not isinstance(value, Mapping):
        return value  # pydantic names the fault
    if len(value) > limits.TAGS:
        raise PydanticCustomError(Reason.TOO_MANY_TAGS, "Maximum 20 tags allowed")
    return value


def _tag_key(value: object) -> object:
    if value == "":
        raise PydanticCustomError("invalid_field", "a tag key must not be empty")
    if isinstance(value, str) and len(value) > limits.TAG_KEY_LENGTH:
        raise PydanticCustomError(
            Reason.TAG_KEY_TOO_LONG, "a tag key may have at most 50 characters"
        )
    return value


def _tag_value(value: object) -> object:
    if isinstance(value, str) and len(value) > limits.TAG_VALUE_LENGTH:
        raise PydanticCustomError(
            Reason.TAG_VALUE_TOO_LONG, "a tag value may have at most 100 characters"
        )
    return value


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=limits.NAME_LENGTH, pattern=limits.NAME_PATTERN),
]
Tenant = Annotated[str, StringConstraints(pattern=limits.TENANT_PATTERN)]
TypedId = Annotated[str, StringConstraints(pattern=limits.TYPED_ID_PATTERN)]
#: JSON Schema has no infinity to refuse, but it can bound the magnitude.
Measurement = Annotated[
    float,
    BeforeValidator(_measurement),
    WithJsonSchema(
        {
            "type": "number",
            "minimum": -limits.MEASUREMENT_MAGNITUDE,
            "maximum": limits.MEASUREMENT_MAGNITUDE,
        }
    ),
]
MeasurementKey = Annotated[
    str, StringConstraints(min_length=1, max_length=limits.MEASUREMENT_KEY_LENGTH)
]
# The constraints repeat the limits for the JSON Schema, and make pydantic refuse lone surrogates,
# which a document that was parsed elsewhere may hold.
TagKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=limits.TAG_KEY_LENGTH),
    BeforeValidator(_tag_key),
]
TagValue = Annotated[
    str, StringConstraints(max_length=limits.TAG_VALUE_LENGTH), BeforeValidator(_tag_value)
]
AttributeKey = Annotated[str, StringConstraints(min_length=1, max_length=limits.TAG_KEY_LENGTH)]
AttributeValue = Annotated[str, StringConstraints(max_length=limits.ATTRIBUTE_LENGTH)]


class Event(BaseModel):
    """One thing that happened, with numbers, tags and attributes.

    ``value: x`` is shorthand for ``measurements: {"value": x}``; an event without measurements
    counts itself: ``{"count": 1}``. ``tags`` key the rollups and come out sorted by key.
    ``occurred_at`` comes out in UTC with microseconds. An event without ``id`` gets one from its
    coordinate in the log, without ``tenant`` the tenant ``default``.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        title="Millrace event",
        json_schema_extra=describe_shorthand,
    )

    schema_version: Annotated[Literal[1], BeforeValidator(_version)] = 1
    id: Annotated[UUID | None, BeforeValidator(lambda v: v if v is None else _uuid(v))] = None
    tenant: Tenant = "default"
    name: Name
    kind: Annotated[Kind, Field(strict=False)] = Kind.EVENT
    occurred_at: Annotated[
        datetime,
        BeforeValidator(_rfc3339),
        WithJsonSchema(
            {"type": "string", "format": "date-time", "pattern": limits.TIMESTAMP_PATTERN}
        ),
    ]
    measurements: Annotated[
        dict[MeasurementKey, Measurement],
        Field(max_length=limits.MEASUREMENTS),
        BeforeValidator(_measurements),
    ] = Field(default_factory=dict)
    tags: Annotated[
        dict[TagKey, TagValue], Field(max_length=limits.TAGS), BeforeValidator(_tags)
    ] = Field(default_factory=dict)
    attributes: Annotated[
        dict[AttributeKey, AttributeValue], Field(max_length=limits.ATTRIBUTES)
    ] = Field(default_factory=dict)
    unit: Annotated[str, StringConstraints(max_length=limits.UNIT_LENGTH)] | None = None
    source: TypedId | None = None
    entity: TypedId | None = None
    actor: Annotated[str, StringConstraints(max_length=limits.ACTOR_LENGTH)] | None = None
    aggregation: Annotated[Aggregation, Field(strict=False)] | None = None
    traceparent: Annotated[str, StringConstraints(pattern=limits.TRACEPARENT_PATTERN)] | None = None
    label: Annotated[str, StringConstraints(max_length=limits.LABEL_LENGTH)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _take_shorthand(cls, data: Any) -> Any:
        """Fill in what may be left out, before the fields are checked.

        Null stands for "left out"; a key that no version knows is refused even when it is null.
        """
        if not isinstance(data, dict):
            return data
        known = cls.model_fields.keys() | {"value"}
        document = {
            key: value for key, value in data.items() if value is not None or key not in known
        }
        value = document.pop("value", None)
        measurements = document.get("measurements", {})
        if value is not None:
            if measurements != {}:
                raise PydanticCustomError("invalid_field", "give value or measurements, not both")
            measurements = {"value": value}
        if measurements == {}:
            measurements = {"count": 1.0}
        document["measurements"] = measurements
        return document

    def model_post_init(self, context: Any, /) -> None:
        """Sort what keys the rollups, so that equal sets are equal keys."""
        for field in ("measurements", "tags", "attributes"):
            pairs = getattr(self, field)
            object.__setattr__(self, field, dict(sorted(pairs.items())))


def document_of(event: Event) -> dict[str, Any]:
    """Return the event as the JSON document that decodes to an equal event."""
    return event.model_dump(mode="json", exclude_none=True)
