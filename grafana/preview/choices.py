"""What a viewer may choose: range, bucket count and the values of variables, all of it checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from millrace.grafana.preview.moments import moment
from millrace.grafana.preview.values import ChoiceError, chosen_values

#: A year and a month, so that the longest range of a dashboard can be compared with one before.
LONGEST = timedelta(days=400)
MOST_POINTS = 4000

__all__ = ["ChoiceError", "Choices", "choices"]


@dataclass(frozen=True, slots=True)
class Choices:
    """A viewer's choices for one dashboard."""

    start: datetime
    end: datetime
    points: int | None
    values: Mapping[str, Sequence[str]]


def choices(board: Mapping[str, Any], given: Mapping[str, list[str]], now: datetime) -> Choices:
    """Read an address's parameters, the dashboard's own where none is given; raises ChoiceError.

    A range that cannot be read is the dashboard's own.
    """
    start, end = _range(board, given, now)
    if start >= end:
        raise ChoiceError("The range's start must lie before its end")
    if end - start > LONGEST:
        raise ChoiceError(f"The range may span {LONGEST.days} days at most")
    return Choices(start, end, _points(given), chosen_values(board, given))


def _range(
    board: Mapping[str, Any], given: Mapping[str, list[str]], now: datetime
) -> tuple[datetime, datetime]:
    own = board["time"]
    wanted = [given.get(key, [own[key]])[-1] for key in ("from", "to")]
    for start_text, end_text in (wanted, (own["from"], own["to"])):
        week = board.get("weekStart") or "sunday"
        start = moment(start_text, now, is_end=False, week_start=week)
        end = moment(end_text, now, is_end=True, week_start=week)
        if start is not None and end is not None:
            return start, end
    raise ChoiceError("The dashboard's own range cannot be read")


def _points(given: Mapping[str, list[str]]) -> int | None:
    if "points" not in given:
        return None
    text = given["points"][-1]
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= MOST_POINTS:
        raise ChoiceError(f"The number of points must lie between 1 and {MOST_POINTS}")
    return int(text)
