"""The settings page says what each setting takes and where its meaning is written."""

from __future__ import annotations

from typing import Any

import pytest
from settings_page import accepts, build, comments, sections

from millrace.streams.settings import variable_names


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        pytest.param({"type": "string"}, "text", id="text"),
        pytest.param({"type": "string", "format": "password"}, "secret", id="secret"),
        pytest.param({"enum": ["A", "B"], "type": "string"}, "`A`, `B`", id="closed list"),
        pytest.param(
            {"type": "integer", "minimum": 1, "maximum": 9},
            "whole number, at least 1, at most 9",
            id="bounds",
        ),
        pytest.param({"type": "number", "exclusiveMinimum": 0}, "number, above 0", id="open bound"),
        pytest.param(
            {"anyOf": [{"type": "null"}, {"type": "string", "format": "path"}]},
            "path",
            id="optional",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "map of class to whole number",
            id="map",
        ),
    ],
)
def test_accepted_values_are_described(schema: dict[str, Any], words: str) -> None:
    assert accepts(schema) == words


def test_comments_above_a_field_are_its_meaning() -> None:
    source = "class A:\n    #: First\n    #: half.\n    one: int = 1\n    two: int = 2\n"
    assert comments(source) == {("A", "one"): "First half.", ("A", "two"): ""}


def test_every_setting_has_a_row() -> None:
    rows = {row.variable for _, _, rows in sections() for row in rows}
    leaves = {
        variable
        for variable in variable_names()
        if not any(other.startswith(f"{variable}__") for other in variable_names())
    }
    assert rows == leaves
    assert all(f"`{variable}`" in build() for variable in rows)
