"""Writes docs/settings.md from the settings models, so that the table cannot fall behind them."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from millrace.streams import settings
from millrace.streams.settings import PREFIX, Settings

REPO = Path(__file__).resolve().parents[1]
PAGE = Path("docs/settings.md")

INTRODUCTION = f"""\
# Settings

Every setting is an environment variable or a line of a `.env` file in the working directory; the
environment wins. An unknown `{PREFIX}*` name is refused with the nearest known one. A process reads
its settings once, at its start. Generated from
[streams/settings.py](../streams/settings.py) by `make requirements`; a test fails when it is stale.

Maps are written as JSON: `{PREFIX}RETENTION__EVENTS={{"default": 30, "game": 2}}`.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One variable of the table."""

    variable: str
    default: str
    accepts: str
    meaning: str

    @classmethod
    def of(cls, variable: str, schema: Mapping[str, Any], default: Any, meaning: str) -> Row:
        """Describe one field; a secret's default is shown, since it is in the source anyway."""
        value = default.get_secret_value() if isinstance(default, SecretStr) else default
        text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
        return cls(variable.upper(), f"`{text}`" if text else "", accepts(schema), meaning)

    def render(self) -> str:
        """Return the row as a line of a table."""
        cells = (f"`{self.variable}`", self.default, self.accepts, self.meaning)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def comments(source: str) -> dict[tuple[str, str], str]:
    """Return the ``#:`` comment above each field, by class and field name."""
    lines = source.splitlines()
    found: dict[tuple[str, str], str] = {}
    for owner in ast.parse(source).body:
        if not isinstance(owner, ast.ClassDef):
            continue
        for field in owner.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                found[owner.name, field.target.id] = _above(lines, field.lineno)
    return found


def _above(lines: list[str], number: int) -> str:
    """Return the block of ``#:`` comments that ends just above line ``number`` (from 1)."""
    start = number - 1
    while start > 0 and lines[start - 1].lstrip().startswith("#:"):
        start -= 1
    return " ".join(line.lstrip()[2:].strip() for line in lines[start : number - 1])


def accepts(schema: Mapping[str, Any]) -> str:
    """Describe in a few words what a field takes, from its JSON schema."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return accepts(next(part for part in schema["anyOf"] if part.get("type") != "null"))
    if schema.get("type") == "object":
        return f"map of class to {accepts(schema['additionalProperties'])}"
    kinds = {"integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    formats = {"password": "secret", "path": "path"}
    kind = kinds.get(schema.get("type", ""), formats.get(schema.get("format", ""), "text"))
    bounds = [
        f"{sign} {schema[key]}"
        for key, sign in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
        )
        if key in schema
    ]
    pattern = [f"matching `{schema['pattern']}`"] if "pattern" in schema else []
    return ", ".join([kind, *bounds, *pattern])


def sections() -> Iterator[tuple[str, str, list[Row]]]:
    """Yield (title, introduction, rows) for each section, the fields outside any section last."""
    notes = comments(inspect.getsource(settings))
    schema = Settings.model_json_schema()
    loose: list[Row] = []
    for name, info in Settings.model_fields.items():
        details, default = schema["properties"][name], info.get_default()
        if "$ref" not in details:
            loose.append(Row.of(PREFIX + name, details, default, notes["Settings", name]))
            continue
        section = details["$ref"].rpartition("/")[2]
        properties = schema["$defs"][section]["properties"]
        rows = []
        for field, about in type(default).model_fields.items():
            public = about.alias or field
            variable = f"{PREFIX}{name}__{public}"
            value = getattr(default, field)
            rows.append(Row.of(variable, properties[public], value, notes[section, field]))
        yield section.removesuffix("Settings"), inspect.getdoc(type(default)) or "", rows
    yield "Others", "", loose


def build() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    for title, introduction, rows in sections():
        lines = [f"## {title}", ""] + ([introduction, ""] if introduction else [])
        lines += ["| variable | default | accepts | meaning |", "|---|---|---|---|"]
        lines += [row.render() for row in rows]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts).replace("``", "`")


def main() -> None:
    """Write the page."""
    (REPO / PAGE).write_text(build())


if __name__ == "__main__":
    main()
