"""Moments as Grafana's addresses write them: milliseconds, ISO 8601, ``now-1h``, ``now-1d/d``."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

_RELATIVE = re.compile(r"now((?:[+-]\d{1,4}[smhdwMy]|/[smhdwMy])*)")
_STEP = re.compile(r"(?:([+-])(\d{1,4})|/)([smhdwMy])")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?(?:Z|\+00:00)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_MONTHS = {"M": 1, "y": 12}


def moment(
    text: str, now: datetime, *, is_end: bool, week_start: str = "sunday"
) -> datetime | None:
    """Return the moment in UTC, or None for a text that is none.

    ``/d`` and its like round down, for the end of a range up to the unit's last millisecond.
    """
    try:
        if re.fullmatch(r"\d{1,14}", text):
            return _EPOCH + timedelta(milliseconds=int(text))
        if _ISO.fullmatch(text):
            return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
        found = _RELATIVE.fullmatch(text)
        if not found:
            return None
        at = now
        for sign, count, unit in _STEP.findall(found[1]):
            if not sign:
                at = _rounded(at, unit, week_start, up=is_end)
            else:
                at = _moved(at, int(sign + count), unit)
    except (ValueError, OverflowError):  # beyond what a date can be
        return None
    return at


def _moved(at: datetime, count: int, unit: str) -> datetime:
    if unit in _LENGTHS:
        return at + count * _LENGTHS[unit]
    months = at.year * 12 + at.month - 1 + count * _MONTHS[unit]
    year, month = divmod(months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


def _rounded(at: datetime, unit: str, week_start: str, *, up: bool) -> datetime:
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    # Monday is 0 in Python; Grafana's own week begins on Sunday.
    passed = (day.weekday() - {"monday": 0, "saturday": 5}.get(week_start, 6)) % 7
    start = {
        "s": at.replace(microsecond=0),
        "m": at.replace(second=0, microsecond=0),
        "h": at.replace(minute=0, second=0, microsecond=0),
        "d": day,
        "w": day - timedelta(days=passed),
        "M": day.replace(day=1),
        "y": day.replace(month=1, day=1),
    }[unit]
    return _moved(start, 1, unit) - timedelta(milliseconds=1) if up else start
