"""The ClickHouse plugin's macros, expanded as Grafana does, so that panels run without a Grafana.

First what the browser does (variables, ``$__conditionalAll``, ``$__adHocFilters``), then what the
plugin's backend does. Two things are stricter here: a variable is only taken as
``${name:singlequote}``, and its value is escaped completely (Grafana itself leaves a backslash).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from millrace.grafana.plugin_macros import expand_backend
from millrace.grafana.scope import ALL, Scope, milliseconds
from millrace.grafana.sql_text import MacroError, arguments, closing, without_comments

_VARIABLE = re.compile(r"\$\{(?P<braced>\w+)(?::(?P<format>\w+))?\}|\$(?P<plain>\w+)")
_AD_HOC = re.compile(r"\$__adHocFilters\(\s*'([\w.]+)'\s*\)")
_OPERATORS = frozenset({"=", "!=", "<", ">", "LIKE", "NOT LIKE"})


def quoted(value: str) -> str:
    """Return the value as a ClickHouse string that cannot end early."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def expand(sql: str, scope: Scope) -> str:
    """Expand everything, as for a panel; raises MacroError."""
    text = _ad_hoc_filters(_conditions(without_comments(sql), scope), scope)
    return expand_backend(_VARIABLE.sub(lambda found: _variable(found, scope), text), scope)


def expand_alert(sql: str, scope: Scope) -> str:
    """Expand as for an alert rule, which no browser ever sees; raises MacroError."""
    text = without_comments(sql)
    for found in _VARIABLE.finditer(text):
        name = found["braced"] or found["plain"]
        if not name.startswith("__") or name in {"__conditionalAll", "__adHocFilters"}:
            raise MacroError(f"An alert rule cannot use {found[0]}: no browser expands it")
    return expand_backend(text, scope)


def _conditions(sql: str, scope: Scope) -> str:
    name = "$__conditionalAll("
    while (start := sql.rfind(name)) >= 0:
        stop = closing(sql, start + len(name) - 1)
        parts = arguments(sql[start + len(name) : stop])
        if len(parts) != 2 or not (found := _VARIABLE.fullmatch(parts[1])):
            raise MacroError("$__conditionalAll takes a condition and a plain variable")
        values = _values(found["braced"] or found["plain"], scope)
        everything = not values or ALL in values or list(values) == [""]
        sql = sql[:start] + ("1=1" if everything else parts[0]) + sql[stop + 1 :]
    return sql


def _ad_hoc_filters(sql: str, scope: Scope) -> str:
    def replace(found: re.Match[str]) -> str:
        conditions = []
        for key, operator, value in scope.filters:
            if operator not in _OPERATORS or not re.fullmatch(r"[\w.]+", key):
                raise MacroError(f"The filter on {key!r} has a key or operator that is not allowed")
            conditions.append(f"{key} {operator} {quoted(value)}")
        if not conditions:
            return "additional_table_filters={}"
        return f"additional_table_filters={{'{found[1]}': {quoted(' AND '.join(conditions))}}}"

    return _AD_HOC.sub(replace, sql)


def _values(name: str, scope: Scope) -> Sequence[str]:
    try:
        return scope.values[name]
    except KeyError:
        raise MacroError(f"The variable ${name} is not known on this dashboard") from None


def _variable(found: re.Match[str], scope: Scope) -> str:
    name = found["braced"] or found["plain"]
    if name in _GLOBALS:
        return _GLOBALS[name](scope)
    if name.startswith("__"):
        return found[0]
    values = _values(name, scope)
    if found["format"] != "singlequote":
        raise MacroError(f"The variable ${name} must be written ${{{name}:singlequote}}")
    if ALL in values:
        raise MacroError(f"All values of ${name} are chosen: put it into $__conditionalAll")
    return ",".join(quoted(value) for value in values)


def _span(scope: Scope) -> int:
    return milliseconds(scope.end) - milliseconds(scope.start)


_GLOBALS: Mapping[str, Callable[[Scope], str]] = {
    "__from": lambda scope: str(milliseconds(scope.start)),
    "__to": lambda scope: str(milliseconds(scope.end)),
    "__interval": lambda scope: f"{scope.interval_s}s",
    "__interval_ms": lambda scope: str(scope.interval_ms),
    "__range": lambda scope: f"{_span(scope) // 1000}s",
    "__range_s": lambda scope: str(_span(scope) // 1000),
    "__range_ms": lambda scope: str(_span(scope)),
}
