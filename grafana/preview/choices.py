"""What a viewer may choose: range, bucket count and the values of variables, all of it checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_RELATIVE = re.compile(r"now(?:-(\d{1,4})([smhdw]))?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=400)
MOST_POINTS = 4000
MOST_VALUES = 200
LONGEST_VALUE = 256


class ChoiceError(ValueError):
    """A choice that cannot be used; the text is one sentence for the viewer."""


@dataclass(frozen=True, slots=True)
class Choices:
    """A viewer's choices for one dashboard."""

    start: datetime
    end: datetime
    points: int | None
    values: Mapping[str, Sequence[str]]


def choices(board: Mapping[str, Any], given: Mapping[str, list[str]], now: datetime) -> Choices:
    """Read an address's parameters, the dashboard's own where none is given; raises ChoiceError."""
    start = _moment("from", given.get("from", [board["time"]["from"]])[-1], now)
    end = _moment("to", given.get("to", [board["time"]["to"]])[-1], now)
    if start >= end:
        raise ChoiceError("The range's start must lie before its end")
    if end - start > LONGEST:
        raise ChoiceError(f"The range may span {LONGEST.days} days at most")
    return Choices(start, end, _points(given), _values(board, given))


def _moment(name: str, text: str, now: datetime) -> datetime:
    if re.fullmatch(r"\d{1,14}", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    found = _RELATIVE.fullmatch(text)
    if not found:
        raise ChoiceError(f"The time {name} must be milliseconds since 1970 or like now-1h")
    return now - timedelta(**{_UNITS[found[2]]: int(found[1])}) if found[1] else now


def _points(given: Mapping[str, list[str]]) -> int | None:
    if "points" not in given:
        return None
    text = given["points"][-1]
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= MOST_POINTS:
        raise ChoiceError(f"The number of points must lie between 1 and {MOST_POINTS}")
    return int(text)


def _values(
    board: Mapping[str, Any], given: Mapping[str, list[str]]
) -> Mapping[str, Sequence[str]]:
    values: dict[str, Sequence[str]] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] != "datasource":
            current = variable["current"]["value"]
            values[variable["name"]] = current if isinstance(current, list) else [current]
    for parameter, chosen in given.items():
        if not parameter.startswith("var-") or parameter == "var-datasource":
            continue
        name = parameter.removeprefix("var-")
        if name not in values:
            raise ChoiceError("The dashboard has no variable of that name")
        if len(chosen) > MOST_VALUES or any(len(value) > LONGEST_VALUE for value in chosen):
            raise ChoiceError(f"The variable {name} has too many or too long values")
        values[name] = chosen
    return values
