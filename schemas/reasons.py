"""Why an event was refused: a closed list."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reject reasons; the value is what the store and the dead letters carry."""

    MALFORMED_JSON = "malformed_json"
    NOT_AN_OBJECT = "not_an_object"
    UNSUPPORTED_VERSION = "unsupported_version"
    INVALID_FIELD = "invalid_field"
    UNKNOWN_NAME = "unknown_name"
    TOO_MANY_TAGS = "too_many_tags"
    TAG_KEY_TOO_LONG = "tag_key_too_long"
    TAG_VALUE_TOO_LONG = "tag_value_too_long"
    TAG_VALUES_EXCEEDED = "tag_values_exceeded"
    TOO_OLD = "too_old"
    IN_FUTURE = "in_future"
    VALUE_RANGE = "value_range"
    TOO_LARGE = "too_large"
