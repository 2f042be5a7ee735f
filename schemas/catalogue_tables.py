"""What may stand in a catalogue file: its tables and keys, as pydantic checks them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from millrace.schemas import limits
from millrace.schemas.catalogue import LongValues, Scalars, Undeclared
from millrace.schemas.errors import CatalogueError
from millrace.schemas.event import Kind, MeasurementKey, Name, Tenant

Key = Annotated[
    str,
    StringConstraints(max_length=limits.TAG_KEY_LENGTH, pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$"),
]
Prefix = Annotated[str, StringConstraints(max_length=limits.NAME_LENGTH, min_length=1)]
Unit = Annotated[str, StringConstraints(min_length=1, max_length=limits.UNIT_LENGTH)]
#: Word is what names a namespace, a retention class and a type of entity.
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Status = Literal["live", "derived", "missing", "blocked", "optional"]


class _Table(BaseModel):
    # Strict but for enumerations, which TOML can only spell as text.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NamespaceTable(_Table):
    """``[namespace]``: what it owns and its policy; a key left out has the default."""

    name: Word
    description: str = ""
    prefixes: list[Prefix] = []
    tenants: list[Tenant] = []
    name_pattern: str = ""
    undeclared: Annotated[Undeclared, Field(strict=False)] = Undeclared.OPEN
    long_values: Annotated[LongValues, Field(strict=False)] = LongValues.REFUSE
    scalars: Annotated[Scalars, Field(strict=False)] = Scalars.REFUSE
    retention_class: Word = "default"
    deny: list[Key] = []
    personal: list[Word] = []
    untracked: list[Name] = []


class LimitsTable(_Table):
    """``[limits]``: never wider than the event contract's own."""

    tags: Annotated[int, Field(ge=0, le=limits.TAGS)] = limits.TAGS
    tag_value_length: Annotated[int, Field(ge=1, le=limits.TAG_VALUE_LENGTH)] = (
        limits.TAG_VALUE_LENGTH
    )
    attribute_length: Annotated[int, Field(ge=1, le=limits.ATTRIBUTE_LENGTH)] = (
        limits.ATTRIBUTE_LENGTH
    )
    series_budget: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    #: Left out: a closed namespace overflows, an open one refuses.
    over_budget: Literal["overflow", "refuse"] | None = None


class EveryEventTable(_Table):
    """``[every_event]``: keys that each event declared in this file may carry."""

    tags: list[Key] = []
    attributes: list[Key] = []


class EventTable(_Table):
    """``[events."name"]``: one declaration.

    ``unit`` is short for a single measurement: ``count`` of a counter or an event, ``value`` of
    any other kind.
    """

    kind: Annotated[Kind, Field(strict=False)]
    unit: Unit | None = None
    measurements: Annotated[dict[MeasurementKey, Unit], Field(min_length=1)] | None = None
    tags: list[Key] = []
    attributes: list[Key] = []
    distinct: list[Key] = []
    tracked: bool = True
    status: Status = "live"
    description: str = ""


class CatalogueFile(_Table):
    """One file: one namespace."""

    namespace: NamespaceTable
    limits: LimitsTable = LimitsTable()
    every_event: EveryEventTable = EveryEventTable()
    events: dict[Name, EventTable] = {}
    aliases: dict[Name, Name] = {}


def read_file(path: Path) -> CatalogueFile:
    """Read one file. Raises CatalogueError naming file, table and key."""
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CatalogueError(f"{path}: the catalogue file cannot be read: {reason}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path}: this is not TOML: {error}") from None
    return parse_document(document, str(path))


def parse_document(document: dict[str, Any], file: str) -> CatalogueFile:
    """Check the tables of one file. Raises CatalogueError naming file, table and key."""
    try:
        return CatalogueFile.model_validate(document)
    except ValidationError as error:
        raise CatalogueError(f"{file}: {_sentence(error.errors()[0])}") from None


def _sentence(fault: ErrorDetails) -> str:
    location = [str(part) for part in fault["loc"] if part != "[key]"]
    depth = 2 if location[0] == "events" and len(location) > 1 else 1
    table = location[0] if depth == 1 else f'{location[0]}."{location[1]}"'
    keys = location[depth:]
    where = f"[{table}]" + (f" {'.'.join(keys)}" if keys else "")
    if fault["type"] == "extra_forbidden":
        return f"{where} is not known; known here are {', '.join(_known(location[:-1]))}"
    if fault["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {fault['msg']}, found {fault['input']!r}"


def _known(location: list[str]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {
        "namespace": NamespaceTable,
        "limits": LimitsTable,
        "every_event": EveryEventTable,
        "events": EventTable,
    }
    model = tables[location[0]] if location else CatalogueFile
    return list(model.model_fields)
