"""Every limit of the event contract, in one place."""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 1

NAME_PATTERN: Final = r"^[a-zA-Z][a-zA-Z0-9._-]*$"
NAME_LENGTH: Final = 255
TENANT_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"
#: ``source`` and ``entity``: a type, a colon, an id without control characters.
TYPED_ID_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_-]{0,49}:[^\x00-\x1f\x7f]{1,200}$"
#: W3C Trace Context, version 00.
TRACEPARENT_PATTERN: Final = r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
#: RFC 3339 with an offset; a fraction finer than microseconds is cut.
TIMESTAMP_PATTERN: Final = (
    r"^\d{4}-\d{2}-\d{2}[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,12})?"
    r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$"
)

TAGS: Final = 20
TAG_KEY_LENGTH: Final = 50
TAG_VALUE_LENGTH: Final = 100
ATTRIBUTES: Final = 50
ATTRIBUTE_LENGTH: Final = 2_048
MEASUREMENTS: Final = 50
MEASUREMENT_KEY_LENGTH: Final = 100
MEASUREMENT_MAGNITUDE: Final = 1e38
UNIT_LENGTH: Final = 50
ACTOR_LENGTH: Final = 255
LABEL_LENGTH: Final = 100

#: How far ahead of the record's Kafka timestamp an event may be, in seconds.
AHEAD_SECONDS: Final = 5 * 60
#: How far behind the record's Kafka timestamp an event may be, in seconds.
AGE_SECONDS: Final = 90 * 24 * 60 * 60

#: A larger record is refused unread.
EVENT_BYTES: Final = 64 * 1024
