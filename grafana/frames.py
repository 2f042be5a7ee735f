"""Turns ClickHouse's JSONCompact answer into the frames that Grafana's components draw.

A time series with text columns becomes one numeric field for each combination of their values, as
the plugin's backend does it (``LongToWide`` of Grafana's plugin SDK).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from millrace.grafana.clickhouse_shape import Shape

Frame = dict[str, Any]
_WRAPPED = re.compile(r"^(?:Nullable|LowCardinality|SimpleAggregateFunction)\((?:\w+, )?(.*)\)$")
_NUMBERS = ("Int", "UInt", "Float", "Decimal", "BFloat")


class FrameError(ValueError):
    """A result that Grafana could not draw either; the text is one sentence."""


def frames(answer: bytes, shape: Shape, ref_id: str) -> list[Frame]:
    """Return what the panel draws: no frame when there are no rows; raises FrameError."""
    result = json.loads(answer)
    rows: Sequence[Sequence[Any]] = result["data"]
    if not rows:
        return []
    fields = [
        _field(column["name"], column["type"], [row[index] for row in rows])
        for index, column in enumerate(result["meta"])
    ]
    if shape is Shape.TIMESERIES:
        fields = _wide(fields)
    return [{"refId": ref_id, "fields": fields}]


def _unwrapped(column_type: str) -> str:
    while found := _WRAPPED.match(column_type):
        column_type = found[1]
    return column_type


def _field(name: str, column_type: str, values: list[Any]) -> dict[str, Any]:
    inner = _unwrapped(column_type)
    if inner.startswith("Date"):
        zone = re.search(r"'([^']+)'", inner)
        kind, values = "time", [_epoch(value, zone[1] if zone else "UTC") for value in values]
    elif inner.startswith(_NUMBERS):
        kind, values = "number", [_number(value) for value in values]
    elif inner == "Bool":
        kind = "boolean"
    else:
        kind = "string"
        values = [value if isinstance(value, str | None) else json.dumps(value) for value in values]
    return {"name": name, "type": kind, "values": values, "config": {}}


def _epoch(value: str | None, zone: str) -> int | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
    return round(moment.timestamp() * 1000)


def _number(value: float | str | None) -> float | int | None:
    """Numbers beyond 53 bits come as text and lose their last digits, as in a browser."""
    if value is None or isinstance(value, int):
        return value
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _wide(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    time = next((field for field in fields if field["type"] == "time"), None)
    numbers = [field for field in fields if field["type"] == "number"]
    labels = [field for field in fields if field["type"] in {"string", "boolean"}]
    if time is None or not numbers:
        raise FrameError("A time series needs a time column and a numeric column")
    moments: list[int] = time["values"]
    if any(earlier > later for earlier, later in pairwise(moments)):
        raise FrameError("The rows of a time series must ascend by time; add ORDER BY time")
    if not labels:
        return fields
    return _pivoted(time, numbers, labels)


def _pivoted(
    time: Mapping[str, Any], numbers: list[dict[str, Any]], labels: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    times = sorted(set(time["values"]))
    place = {moment: index for index, moment in enumerate(times)}
    series: dict[tuple[int, tuple[str, ...]], list[Any]] = {}
    for row, moment in enumerate(time["values"]):
        key = tuple(str(label["values"][row]) for label in labels)
        for index, number in enumerate(numbers):
            column = series.setdefault((index, key), [None] * len(times))
            column[place[moment]] = number["values"][row]
    wide = [{**time, "values": times}]
    names = [label["name"] for label in labels]
    for (index, key), values in series.items():
        wide.append(
            {
                "name": numbers[index]["name"],
                "type": "number",
                "values": values,
                "config": {},
                "labels": dict(zip(names, key, strict=True)),
            }
        )
    return wide
