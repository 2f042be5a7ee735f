"""The values of a dashboard's variables: what may be chosen, and what is when nothing is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from millrace.grafana.scope import ALL

Json = Mapping[str, Any]
MOST_VALUES = 200
LONGEST_VALUE = 256
#: Options are a list in the dashboard itself, not an answer of the store.
LISTED = frozenset({"custom", "interval"})
_BETWEEN_COMMAS = re.compile(r"(?:\\,|[^,])+")
_NAMED = re.compile(r"\s*(.+)\s:\s(.+)", re.DOTALL)


class ChoiceError(ValueError):
    """A choice that cannot be used; the text is one sentence for the viewer."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a variable and what the viewer reads for it."""

    text: str
    value: str


def variables(board: Json) -> dict[str, Json]:
    """Return the variables that a viewer chooses, by name; the data source is none of them."""
    listed = board["templating"]["list"]
    return {variable["name"]: variable for variable in listed if variable["type"] != "datasource"}


def listed_options(variable: Json) -> list[Option]:
    """Read ``text : value, text2 : value2`` as Grafana does; ``\\,`` is a comma in a text."""
    options = []
    for part in _BETWEEN_COMMAS.findall(variable["query"]):
        text = part.replace("\\,", ",")
        found = _NAMED.fullmatch(text)
        pair = (found[1], found[2]) if found else (text, text)
        options.append(Option(*(one.strip() for one in pair)))
    return options


def own_values(variable: Json) -> Sequence[str]:
    """Return what the dashboard itself chooses; an empty text where it chooses nothing yet."""
    current = (variable.get("current") or {}).get("value")
    if variable["type"] == "textbox" and not current:
        current = variable.get("query") or ""
    chosen = current if isinstance(current, list) else [current]
    return [str(value) for value in chosen if value is not None] or [""]


def chosen_values(board: Json, given: Mapping[str, list[str]]) -> Mapping[str, Sequence[str]]:
    """Return every variable's values, the dashboard's own where an address gives none.

    A name that the dashboard does not have, a value that its list does not offer, and All where
    only one value is possible, are ignored as if they were not given: a link may come from another
    dashboard. Raises ChoiceError for what no viewer chooses: too many values or too long ones.
    """
    values: dict[str, Sequence[str]] = {}
    for name, variable in variables(board).items():
        chosen: Sequence[str] = given.get(f"var-{name}", [])
        if len(chosen) > MOST_VALUES or any(len(value) > LONGEST_VALUE for value in chosen):
            raise ChoiceError(f"The variable {name} has too many or too long values")
        if not variable.get("includeAll"):
            chosen = [value for value in chosen if value != ALL]
        if variable["type"] in LISTED:
            offered = {option.value for option in listed_options(variable)}
            offered |= {ALL} if variable.get("includeAll") else set()
            chosen = [value for value in chosen if value in offered]
        if len(chosen) > 1 and not variable.get("multi"):
            chosen = chosen[-1:]
        values[name] = chosen or own_values(variable)
    return values
