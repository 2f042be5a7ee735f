"""What the generated JSON Schema of an event says beyond what pydantic finds out by itself."""

from __future__ import annotations

from typing import Any

#: ``value`` and named measurements exclude each other; an empty map counts as none.
_NOT_BOTH = {
    "not": {
        "required": ["value", "measurements"],
        "properties": {
            "value": {"type": "number"},
            "measurements": {"type": "object", "minProperties": 1},
        },
    }
}

_NOTES = frozenset({"default", "description", "title"})


def describe_shorthand(schema: dict[str, Any]) -> None:
    """Add to the schema what the event's before-validator forgives.

    The shorthand ``value`` is taken, and null stands for "left out" in every optional field.
    """
    properties = schema["properties"]
    measurement = properties["measurements"]["additionalProperties"]
    properties["value"] = {
        **measurement,
        "title": "Value",
        "description": 'Shorthand for measurements: {"value": x}.',
    }
    for name, field in properties.items():
        if name not in schema["required"] and {"type": "null"} not in field.get("anyOf", ()):
            properties[name] = _nullable(field)
    schema.update(_NOT_BOTH)


def _nullable(field: dict[str, Any]) -> dict[str, Any]:
    rule = {key: value for key, value in field.items() if key not in _NOTES}
    notes: dict[str, Any] = {key: field[key] for key in field if key in _NOTES}
    return {"anyOf": [rule, {"type": "null"}], **notes}
