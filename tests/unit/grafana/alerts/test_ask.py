"""What Grafana makes of an alert's rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from millrace.grafana.alerts.ask import instances, question
from millrace.grafana.frames import FrameError
from millrace.grafana.sql_text import MacroError

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def answer(columns: dict[str, str], *rows: list[Any]) -> bytes:
    meta = [{"name": name, "type": kind} for name, kind in columns.items()]
    return json.dumps({"meta": meta, "data": list(rows)}).encode()


def rule(sql: str) -> dict[str, Any]:
    return {"data": [{"relativeTimeRange": {"from": 60, "to": 0}, "model": {"rawSql": sql}}]}


def test_the_span_ends_with_the_moment() -> None:
    end = int(AT.timestamp())
    asked = question(rule("SELECT $__fromTime, $__toTime"), AT)
    assert asked == f"SELECT toDateTime({end - 60}), toDateTime({end})"


def test_a_variable_is_refused() -> None:
    with pytest.raises(MacroError, match="no browser"):
        question(rule("SELECT ${tenant:singlequote}"), AT)


def test_text_columns_are_labels() -> None:
    found = instances(answer({"b": "LowCardinality(String)", "Value": "Float64"}, ["x", 1.5]))
    assert found == {(("b", "x"),): 1.5}


def test_one_number_has_no_labels() -> None:
    assert instances(answer({"Value": "UInt64"}, ["7"])) == {(): 7}


def test_no_rows_are_no_data() -> None:
    assert instances(answer({"Value": "UInt64"})) == {}


@pytest.mark.parametrize(
    ("columns", "rows", "fault"),
    [
        pytest.param({"a": "UInt8", "b": "UInt8"}, [[1, 2]], "one numeric", id="two numbers"),
        pytest.param({"a": "String"}, [["x"]], "one numeric", id="no number"),
        pytest.param(
            {"t": "DateTime", "v": "UInt8"}, [["2026-01-01 00:00:00", 1]], "text", id="a time"
        ),
        pytest.param(
            {"a": "String", "v": "UInt8"}, [["x", 1], ["x", 2]], "same labels", id="twice"
        ),
        pytest.param({"v": "UInt8"}, [[1], [2]], "same labels", id="two rows without labels"),
        pytest.param({"v": "Nullable(UInt8)"}, [[None]], "no value", id="null"),
        pytest.param({"v": "Float64"}, [["nan"]], "no value", id="not a number"),
    ],
)
def test_what_grafana_refuses(columns: dict[str, str], rows: list[list[Any]], fault: str) -> None:
    with pytest.raises(FrameError, match=fault):
        instances(answer(columns, *rows))
