"""ClickHouse's answer as Grafana's frames."""

from __future__ import annotations

import json
from typing import Any

import pytest

from millrace.grafana.clickhouse_shape import Shape
from millrace.grafana.frames import FrameError, frames


def answer(columns: list[tuple[str, str]], *rows: list[Any]) -> bytes:
    meta = [{"name": name, "type": kind} for name, kind in columns]
    return json.dumps({"meta": meta, "data": rows, "rows": len(rows)}).encode()


TIME = ("time", "DateTime('UTC')")


@pytest.mark.parametrize(
    ("kind", "value", "frame_kind", "expected"),
    [
        ("UInt64", "18446744073709551615", "number", float(2**64)),
        ("UInt64", 12, "number", 12),
        ("UInt64", "12", "number", 12),
        ("Nullable(Float64)", None, "number", None),
        ("Float64", "nan", "number", None),
        ("Float64", 0.5, "number", 0.5),
        ("SimpleAggregateFunction(max, DateTime('UTC'))", "1970-01-01 00:00:01", "time", 1000),
        ("DateTime64(3, 'UTC')", "1970-01-01 00:00:01.250", "time", 1250),
        ("DateTime('Europe/Berlin')", "1970-01-01 01:00:01", "time", 1000),
        ("DateTime", "1970-01-01 00:00:01", "time", 1000),
        ("Date", "1970-01-02", "time", 86_400_000),
        ("LowCardinality(Nullable(String))", "a", "string", "a"),
        ("Array(UInt8)", [1, 2], "string", "[1, 2]"),
        ("Bool", True, "boolean", True),
    ],
)
def test_types(kind: str, value: Any, frame_kind: str, expected: Any) -> None:
    [frame] = frames(answer([("x", kind)], [value]), Shape.TABLE, "A")
    assert frame["refId"] == "A"
    assert frame["fields"] == [
        {"name": "x", "type": frame_kind, "values": [expected], "config": {}}
    ]


def test_no_rows_are_no_frame() -> None:
    assert frames(answer([TIME, ("Value", "UInt64")]), Shape.TIMESERIES, "A") == []


def test_text_columns_become_labels_and_gaps_null() -> None:
    rows = answer(
        [TIME, ("topic", "String"), ("Value", "UInt64")],
        ["1970-01-01 00:00:01", "a", 1],
        ["1970-01-01 00:00:01", "b", 2],
        ["1970-01-01 00:00:02", "b", 3],
    )
    [frame] = frames(rows, Shape.TIMESERIES, "A")
    time, a, b = frame["fields"]
    assert time["values"] == [1000, 2000]
    assert (a["labels"], a["values"]) == ({"topic": "a"}, [1, None])
    assert (b["labels"], b["values"]) == ({"topic": "b"}, [2, 3])
    assert (a["name"], a["type"]) == ("Value", "number")


def test_several_numbers_and_labels_make_every_series() -> None:
    columns = [TIME, ("p", "String"), ("q", "String"), ("x", "UInt64"), ("y", "UInt64")]
    rows = answer(columns, ["1970-01-01 00:00:01", "a", "b", 1, 2])
    [frame] = frames(rows, Shape.TIMESERIES, "A")
    assert [field["name"] for field in frame["fields"]] == ["time", "x", "y"]
    assert frame["fields"][2]["labels"] == {"p": "a", "q": "b"}


def test_a_series_without_labels_stays_as_it_is() -> None:
    [frame] = frames(
        answer([TIME, ("x", "UInt64")], ["1970-01-01 00:00:01", 1]), Shape.TIMESERIES, "A"
    )
    assert "labels" not in frame["fields"][1]


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        ([("x", "UInt64")], [[1]], "needs a time column"),
        ([TIME], [["1970-01-01 00:00:01"]], "needs a time column"),
        (
            [TIME, ("x", "UInt64")],
            [["1970-01-01 00:00:02", 1], ["1970-01-01 00:00:01", 2]],
            "ascend by time",
        ),
    ],
)
def test_what_grafana_cannot_draw(
    columns: list[tuple[str, str]], rows: list[list[Any]], message: str
) -> None:
    with pytest.raises(FrameError, match=message):
        frames(answer(columns, *rows), Shape.TIMESERIES, "A")
