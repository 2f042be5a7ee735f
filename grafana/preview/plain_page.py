"""The page for a machine without Node: the same figures as plain tables, drawn by no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from millrace.grafana.generated import dashboards

#: Returns the answer of one panel's query, or {"error": sentence}.
Ask = Callable[[str, str, str], Mapping[str, Any]]
MOST_ROWS = 20

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Millrace</title>
<meta http-equiv="refresh" content="10">
<style>
body { font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .1rem 1rem .1rem 0; text-align: left }
p { color: #555 } h3 { margin-bottom: 0 } .error { color: #b00020 }
</style></head><body>
<p>The dashboard page was not built, because Node.js is missing or the build failed.
These are the same figures as tables, from the same queries; they refresh every 10 seconds.</p>
"""


def plain_page(ask: Ask) -> str:
    """Return the whole page; every value in it is escaped."""
    parts = [_HEAD]
    for uid, board in dashboards().items():
        parts.append(f"<h1>{escape(board['title'])}</h1>\n<p>{escape(board['description'])}</p>\n")
        for panel in board["panels"]:
            if panel["type"] == "row":
                parts.append(f"<h2>{escape(panel['title'])}</h2>\n")
            else:
                parts.append(_panel(panel, uid, ask))
    parts.append("</body></html>\n")
    return "".join(parts)


def _panel(panel: Mapping[str, Any], uid: str, ask: Ask) -> str:
    text = f'<section data-panel="{panel["id"]}"><h3>{escape(panel["title"])}</h3>\n'
    text += f"<p>{escape(panel['description'])}</p>\n"
    unit = panel["fieldConfig"]["defaults"].get("unit", "")
    for target in panel["targets"]:
        answer = ask(uid, str(panel["id"]), target["refId"])
        if "error" in answer:
            text += f'<p class="error">{escape(answer["error"])}</p>\n'
        elif not answer["frames"]:
            text += f"<p>{escape(panel['fieldConfig']['defaults'].get('noValue', 'No data'))}</p>\n"
        else:
            text += _table(answer["frames"][0]["fields"], panel["type"], unit)
    return text + "</section>\n"


def _table(fields: list[dict[str, Any]], kind: str, unit: str) -> str:
    if kind == "timeseries" or (kind == "stat" and fields[0]["type"] == "time"):
        numbers = [field for field in fields if field["type"] == "number"]
        rows = [[_series(field), _last(field, unit)] for field in numbers[:MOST_ROWS]]
        heads = ["series", "newest"]
    else:
        heads = [field["name"] for field in fields]
        count = min(len(fields[0]["values"]), MOST_ROWS)
        rows = [[_cell(field, row, unit) for field in fields] for row in range(count)]
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows
    )
    return f"<table><tr>{head}</tr>\n{body}</table>\n"


def _series(field: Mapping[str, Any]) -> str:
    return ", ".join(field.get("labels", {}).values()) or str(field["name"])


def _last(field: Mapping[str, Any], unit: str) -> str:
    values = [value for value in field["values"] if value is not None]
    return _text(values[-1], field["type"], unit) if values else ""


def _cell(field: Mapping[str, Any], row: int, unit: str) -> str:
    return _text(field["values"][row], field["type"], unit)


def _text(value: Any, kind: str, unit: str) -> str:
    if value is None:
        return ""
    if kind == "time" or (kind == "number" and unit.startswith("dateTime")):
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
