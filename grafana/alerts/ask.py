"""Asks the store what a committed alert rule asks, without a Grafana."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from millrace.grafana.clickhouse_shape import Shape
from millrace.grafana.frames import FrameError, frames
from millrace.grafana.macros import expand_alert
from millrace.grafana.scope import Scope

Labels = tuple[tuple[str, str], ...]


def question(rule: Mapping[str, Any], at: datetime) -> str:
    """Return the rule's SQL as Grafana would send it at the moment; raises MacroError."""
    query = rule["data"][0]
    span = timedelta(seconds=query["relativeTimeRange"]["from"])
    return expand_alert(query["model"]["rawSql"], Scope(at - span, at, interval_ms=1000))


def instances(answer: bytes) -> dict[Labels, float]:
    """Return the value of each label set; raises FrameError for rows that Grafana refuses."""
    found = frames(answer, Shape.TABLE, "A")
    if not found:
        return {}
    fields = found[0]["fields"]
    numbers = [field for field in fields if field["type"] == "number"]
    labels = [field for field in fields if field["type"] == "string"]
    if len(numbers) != 1 or len(numbers) + len(labels) != len(fields):
        raise FrameError("An alert takes one numeric column and text columns")
    names = [field["name"] for field in labels]
    rows = zip(*(field["values"] for field in labels), strict=True) if labels else ((),)
    sets = [tuple(sorted(zip(names, row, strict=True))) for row in rows]
    values = dict(zip(sets, numbers[0]["values"], strict=False))
    if len(values) != len(numbers[0]["values"]):
        raise FrameError("Two rows of an alert have the same labels")
    if None in values.values():
        raise FrameError("A row of an alert has no value")
    return values
