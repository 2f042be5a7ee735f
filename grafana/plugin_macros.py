"""The macros that the ClickHouse plugin's backend expands, for panels and alert rules alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from millrace.grafana.scope import Scope, milliseconds
from millrace.grafana.sql_text import MacroError, after_quoted, arguments, closing

_MACRO = re.compile(r"\$__(\w+)")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _second(moment: datetime) -> str:
    return f"toDateTime({milliseconds(moment) // 1000})"


def _milli(moment: datetime) -> str:
    return f"fromUnixTimestamp64Milli({milliseconds(moment)})"


def _day(moment: datetime) -> str:
    return f"toDate('{moment.astimezone(UTC):%Y-%m-%d}')"


def _between(column: str, literal: Callable[[datetime], str], scope: Scope) -> str:
    return f"{column} >= {literal(scope.start)} AND {column} <= {literal(scope.end)}"


def _both(scope: Scope, day: str, time: str) -> str:
    return f"({_between(day, _day, scope)}) AND ({_between(time, _second, scope)})"


def _group(scope: Scope, column: str, period: str) -> str:
    text = period.strip("'\"")
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise MacroError(f"$__timeGroup does not know the period {text!r}; use h, m and s")
    seconds = round(sum(float(number) * _SECONDS[unit] for number, unit in parts))
    return f"toStartOfInterval(toDateTime({column}), INTERVAL {seconds} second)"


_NO_ARGUMENT: Mapping[str, Callable[[Scope], str]] = {
    "fromTime": lambda scope: _second(scope.start),
    "toTime": lambda scope: _second(scope.end),
    "fromTime_ms": lambda scope: _milli(scope.start),
    "toTime_ms": lambda scope: _milli(scope.end),
    "interval_s": lambda scope: str(scope.interval_s),
}
_ONE_ARGUMENT: Mapping[str, Callable[[Scope, str], str]] = {
    "timeFilter": lambda scope, column: _between(column, _second, scope),
    "timeFilter_ms": lambda scope, column: _between(column, _milli, scope),
    "dateFilter": lambda scope, column: _between(column, _day, scope),
    "timeFrom": lambda scope, column: f"{column} >= {_second(scope.start)}",
    "timeTo": lambda scope, column: f"{column} <= {_second(scope.end)}",
    "timeInterval": lambda scope, column: (
        f"toStartOfInterval(toDateTime({column}), INTERVAL {scope.interval_s} second)"
    ),
    "timeInterval_ms": lambda scope, column: (
        f"toStartOfInterval(toDateTime64({column}, 3),"
        f" INTERVAL {max(scope.interval_ms, 1)} millisecond)"
    ),
}
_TWO_ARGUMENTS: Mapping[str, Callable[[Scope, str, str], str]] = {
    "dateTimeFilter": _both,
    "dt": _both,
    "timeGroup": _group,
}
NAMES = frozenset({*_NO_ARGUMENT, *_ONE_ARGUMENT, *_TWO_ARGUMENTS})


def expand_backend(sql: str, scope: Scope) -> str:
    """Expand the plugin's own macros; text in quotes is left alone; raises MacroError."""
    done: list[str] = []
    index = 0
    while index < len(sql):
        if sql[index] in "'\"`":
            stop = after_quoted(sql, index)
            done.append(sql[index:stop])
        elif found := _MACRO.match(sql, index):
            text, stop = _macro(found[1], sql, found.end(), scope)
            done.append(text)
        else:
            stop = index + 1
            done.append(sql[index])
        index = stop
    return "".join(done)


def _macro(name: str, sql: str, end: int, scope: Scope) -> tuple[str, int]:
    if name in _NO_ARGUMENT:
        return _NO_ARGUMENT[name](scope), end
    if name not in NAMES:
        raise MacroError(f"The macro $__{name} is not known")
    expected = 1 if name in _ONE_ARGUMENT else 2
    if sql[end : end + 1] != "(":
        raise MacroError(f"The macro $__{name} needs its arguments in brackets")
    stop = closing(sql, end)
    parts = [expand_backend(part, scope) for part in arguments(sql[end + 1 : stop])]
    if len(parts) != expected:
        raise MacroError(f"The macro $__{name} takes {expected} arguments, not {len(parts)}")
    if expected == 1:
        return _ONE_ARGUMENT[name](scope, parts[0]), stop + 1
    return _TWO_ARGUMENTS[name](scope, parts[0], parts[1]), stop + 1
