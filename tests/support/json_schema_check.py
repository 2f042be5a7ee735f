"""The part of JSON Schema that our generated files use, to hold documents to them in tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
    ),
}
_NOTES = {"$defs", "$schema", "default", "description", "format", "title"}


def valid(schema: Mapping[str, Any], document: Any) -> bool:
    """Tell whether the document satisfies the schema; an unknown keyword is a KeyError."""
    return _valid(schema, document, schema)


def _valid(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any]) -> bool:
    for keyword, rule in schema.items():
        if keyword in _NOTES or keyword == "properties":
            continue
        if not _KEYWORDS[keyword](rule, value, schema, root):
            return False
    if not isinstance(value, dict):
        return True
    properties = schema.get("properties", {})
    return all(_valid(properties[key], value[key], root) for key in value if key in properties)


def _reference(rule: str, value: Any, _: Any, root: Mapping[str, Any]) -> bool:
    return _valid(root["$defs"][rule.removeprefix("#/$defs/")], value, root)


def _other_properties(rule: Any, value: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if not isinstance(value, dict):
        return True
    others = [value[key] for key in value if key not in schema.get("properties", {})]
    if rule is False:
        return not others
    return all(_valid(rule, other, root) for other in others)


def _length(value: Any, kind: type[str] | type[dict[Any, Any]]) -> int | None:
    return len(value) if isinstance(value, kind) else None


def _at_most(length: int | None, rule: int) -> bool:
    return length is None or length <= rule


def _at_least(length: int | None, rule: int) -> bool:
    return length is None or length >= rule


_KEYWORDS: Mapping[str, Callable[[Any, Any, Mapping[str, Any], Mapping[str, Any]], bool]] = {
    "$ref": _reference,
    "additionalProperties": _other_properties,
    "anyOf": lambda rule, value, _, root: any(_valid(one, value, root) for one in rule),
    "const": lambda rule, value, _, __: value == rule and not isinstance(value, bool),
    "enum": lambda rule, value, _, __: value in rule,
    "maxLength": lambda rule, value, _, __: _at_most(_length(value, str), rule),
    "maxProperties": lambda rule, value, _, __: _at_most(_length(value, dict), rule),
    "maximum": lambda rule, value, _, __: not _TYPES["number"](value) or value <= rule,
    "minLength": lambda rule, value, _, __: _at_least(_length(value, str), rule),
    "minProperties": lambda rule, value, _, __: _at_least(_length(value, dict), rule),
    "minimum": lambda rule, value, _, __: not _TYPES["number"](value) or value >= rule,
    "exclusiveMaximum": lambda rule, value, _, __: not _TYPES["number"](value) or value < rule,
    "not": lambda rule, value, _, root: not _valid(rule, value, root),
    "pattern": lambda rule, value, _, __: (
        not isinstance(value, str) or re.search(rule.replace("$", r"\Z"), value) is not None
    ),
    "propertyNames": lambda rule, value, _, root: (
        not isinstance(value, dict) or all(_valid(rule, key, root) for key in value)
    ),
    "required": lambda rule, value, _, __: not isinstance(value, dict) or set(rule) <= set(value),
    "type": lambda rule, value, _, __: _TYPES[rule](value),
}
