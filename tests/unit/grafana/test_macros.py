"""Every macro, each variable form, and what must be refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.grafana.macros import expand, expand_alert, quoted
from millrace.grafana.plugin_macros import NAMES, expand_backend
from millrace.grafana.scope import ALL, Scope
from millrace.grafana.sql_text import MacroError, after_quoted, pieces

SCOPE = Scope(
    datetime.fromtimestamp(1_700_000_000.250, UTC),
    datetime.fromtimestamp(1_700_090_000.750, UTC),
    20_000,
    values={"tenant": ["a", "b"], "every": [ALL], "one": ["it's \\"], "blank": [""], "none": []},
    filters=[("tenant", "=", "o'brien")],
)
FROM, TO = "toDateTime(1700000000)", "toDateTime(1700090000)"
FROM_MS = "fromUnixTimestamp64Milli(1700000000250)"
TO_MS = "fromUnixTimestamp64Milli(1700090000750)"
DAYS = "d >= toDate('2023-11-14') AND d <= toDate('2023-11-15')"
SECONDS = f"t >= {FROM} AND t <= {TO}"

BACKEND = {
    "timeFilter": (
        "$__timeFilter(cast(t AS x))",
        f"cast(t AS x) >= {FROM} AND cast(t AS x) <= {TO}",
    ),
    "timeFilter_ms": ("$__timeFilter_ms(t )", f"t >= {FROM_MS} AND t <= {TO_MS}"),
    "dateFilter": ("$__dateFilter(d)", DAYS),
    "dateTimeFilter": ("$__dateTimeFilter(d, t)", f"({DAYS}) AND ({SECONDS})"),
    "dt": ("$__dt(d,t)", f"({DAYS}) AND ({SECONDS})"),
    "timeFrom": ("$__timeFrom(t)", f"t >= {FROM}"),
    "timeTo": ("$__timeTo(t)", f"t <= {TO}"),
    "fromTime": ("$__fromTime", FROM),
    "toTime": ("$__toTime", TO),
    "fromTime_ms": ("$__fromTime_ms", FROM_MS),
    "toTime_ms": ("$__toTime_ms", TO_MS),
    "timeInterval": ("$__timeInterval(t)", "toStartOfInterval(toDateTime(t), INTERVAL 20 second)"),
    "timeInterval_ms": (
        "$__timeInterval_ms(t)",
        "toStartOfInterval(toDateTime64(t, 3), INTERVAL 20000 millisecond)",
    ),
    "timeGroup": (
        "$__timeGroup(t, 1h30m)",
        "toStartOfInterval(toDateTime(t), INTERVAL 5400 second)",
    ),
    "interval_s": ("x / $__interval_s", "x / 20"),
}


@pytest.mark.parametrize("name", sorted(BACKEND))
def test_each_macro_of_the_plugin_expands(name: str) -> None:
    sql, expected = BACKEND[name]
    assert expand_backend(sql, SCOPE) == expected


def test_every_macro_of_the_plugin_has_a_case() -> None:
    assert set(BACKEND) == NAMES


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param(
            "$__timeInterval($__fromTime)",
            f"toStartOfInterval(toDateTime({FROM}), INTERVAL 20 second)",
            id="nested",
        ),
        pytest.param("'$__toTime' $__toTime", f"'$__toTime' {TO}", id="not in quotes"),
        pytest.param("'it\\'s' $__toTime", f"'it\\'s' {TO}", id="after an escaped quote"),
        pytest.param("`a''b` $__toTime", f"`a''b` {TO}", id="after a doubled quote"),
        pytest.param("$__timeFrom(f('a)', b))", f"f('a)', b) >= {FROM}", id="a bracket in quotes"),
    ],
)
def test_macros_and_quotes(sql: str, expected: str) -> None:
    assert expand_backend(sql, SCOPE) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param("x IN (${tenant:singlequote})", "x IN ('a','b')", id="several values"),
        pytest.param("x = ${one:singlequote}", "x = 'it\\'s \\\\'", id="escaped"),
        pytest.param(
            "$__conditionalAll(x IN (${tenant:singlequote}), $tenant)",
            "x IN ('a','b')",
            id="chosen",
        ),
        pytest.param("$__conditionalAll(x IN (${every:singlequote}), $every)", "1=1", id="all"),
        pytest.param("$__conditionalAll(x = ${blank:singlequote}, ${blank})", "1=1", id="blank"),
        pytest.param("$__conditionalAll(x = ${none:singlequote}, $none)", "1=1", id="no value"),
        pytest.param("$__from $__to", "1700000000250 1700090000750", id="range ends"),
        pytest.param("$__interval ${__interval_ms}", "20s 20000", id="interval"),
        pytest.param("$__range $__range_s $__range_ms", "90000s 90000 90000500", id="range"),
        pytest.param("a -- $nonsense\nb /* $more */ c", "a  \nb   c", id="comments go first"),
        pytest.param(
            "SETTINGS $__adHocFilters('m.events')",
            "SETTINGS additional_table_filters={'m.events': 'tenant = \\'o\\\\\\'brien\\''}",
            id="ad-hoc filters",
        ),
    ],
)
def test_what_the_browser_does(sql: str, expected: str) -> None:
    assert expand(sql, SCOPE) == expected


def test_no_ad_hoc_filters_is_an_empty_map() -> None:
    scope = Scope(SCOPE.start, SCOPE.end, 1000)
    assert expand("$__adHocFilters('m.events')", scope) == "additional_table_filters={}"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("$__timeFilter()", "takes 1 arguments"),
        ("$__timeFilter", "needs its arguments"),
        ("$__timeFilter(a", "not closed"),
        ("$__dt(a)", "takes 2 arguments"),
        ("$__nope(a)", r"\$__nope is not known"),
        ("$__timeGroup(t, 1d)", "does not know the period"),
        ("$missing", r"\$missing is not known"),
        ("x = $one", "must be written"),
        ("x = ${one:raw}", "must be written"),
        ("x IN (${every:singlequote})", "put it into"),
        ("$__conditionalAll(x, y)", "takes a condition"),
    ],
)
def test_what_is_refused(sql: str, message: str) -> None:
    with pytest.raises(MacroError, match=message):
        expand(sql, SCOPE)


def test_a_filter_cannot_smuggle_sql_in_its_key() -> None:
    scope = Scope(SCOPE.start, SCOPE.end, 1000, filters=[("1=1 OR a", "=", "b")])
    with pytest.raises(MacroError, match="not allowed"):
        expand("$__adHocFilters('m.events')", scope)


@pytest.mark.parametrize(
    "sql", ["${tenant:singlequote}", "$__conditionalAll(a, $tenant)", "$__adHocFilters('a')"]
)
def test_an_alert_has_no_browser(sql: str) -> None:
    with pytest.raises(MacroError, match="alert rule"):
        expand_alert(sql, SCOPE)


def test_an_alert_has_the_plugin() -> None:
    assert expand_alert("$__timeFilter(t)", SCOPE) == SECONDS


@given(st.text(alphabet=st.sampled_from("'\\\"`ab$_-/*\n{}();"), max_size=20))
def test_no_value_ends_its_quotes(value: str) -> None:
    text = quoted(value)
    assert after_quoted(f"{text} 'x'", 0) == len(text)
    assert [kind for kind, _ in pieces(f"SELECT {text} AS x")] == ["code", "quoted", "code"]


@given(st.text(alphabet=st.sampled_from("'\\$_{}:tenat"), max_size=20))
def test_no_value_is_expanded_again(value: str) -> None:
    scope = Scope(SCOPE.start, SCOPE.end, 1000, values={"tenant": [value]})
    assert expand("${tenant:singlequote}", scope) == quoted(value)
