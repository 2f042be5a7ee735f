"""The page for a machine without Node: the same figures as plain tables, drawn by no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from millrace.grafana.interval import milliseconds
from millrace.grafana.preview.panel_queries import LANGUAGES, Given, language

Json = Mapping[str, Any]
#: Returns the answer of one panel's query, or {"error": sentence}.
Ask = Callable[[str, str, str], Json]
MOST_ROWS = 20

_HEAD = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
{refresh}<style>
body {{ font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
table {{ border-collapse: collapse }} td, th {{ padding: .1rem 1rem .1rem 0; text-align: left }}
p {{ color: #555 }} h3 {{ margin-bottom: 0 }} .error {{ color: #b00020 }}
nav a {{ margin-right: 1rem }} [aria-current] {{ font-weight: bold; color: inherit }}
</style></head><body>
<p>The dashboard page was not built, because Node.js is missing or the build failed.
These are the same figures as tables, from the same queries.</p>
"""


def plain_page(boards: Sequence[Json], uid: str | None, given: Given, ask: Ask) -> str:
    """Return one dashboard, the first without ``uid``, below a menu of all; values are escaped."""
    board = next((one for one in boards if uid is None or one["uid"] == uid), None)
    period = board.get("refresh") if board else ""
    refresh = (
        f'<meta http-equiv="refresh" content="{milliseconds(period) // 1000}">\n' if period else ""
    )
    title = board["title"] if board else "Millrace"
    head = _HEAD.format(language=language(given), title=escape(title), refresh=refresh)
    parts = [head, _menu(boards, board, given)]
    if board is None:
        parts.append('<p class="error">There is no dashboard of that name</p>\n')
    else:
        parts += [f"<h1>{escape(title)}</h1>\n<p>{escape(board['description'])}</p>\n"]
        parts += [_entry(panel, board["uid"], given, ask) for panel in board["panels"]]
    return "".join([*parts, "</body></html>\n"])


def _menu(boards: Sequence[Json], board: Json | None, given: Given) -> str:
    here = board["uid"] if board else ""
    titles = [_link(one["uid"], one["title"], given, one["uid"] == here) for one in boards]
    languages = [
        _link(here, code, {**given, "lang": [code]}, code == language(given)) for code in LANGUAGES
    ]
    ranges = [
        _link(
            here,
            quick["display"],
            {**given, "from": [quick["from"]], "to": [quick["to"]]},
            given.get("from") == [quick["from"]],
        )
        for quick in ((board or {}).get("timepicker") or {}).get("quick_ranges") or []
    ]
    return "".join(f"<nav>{''.join(links)}</nav>\n" for links in (titles, languages, ranges))


def _link(uid: str, text: str, given: Given, current: bool) -> str:
    address = f"/d/{quote(uid)}" if uid else "/"
    query = urlencode(given, doseq=True)
    mark = ' aria-current="page"' if current else ""
    return f'<a href="{escape(address + (f"?{query}" if query else ""))}"{mark}>{escape(text)}</a>'


def _entry(panel: Json, uid: str, given: Given, ask: Ask) -> str:
    if panel["type"] != "row":
        return _panel(panel, uid, ask)
    if not panel.get("collapsed"):
        return f"<h2>{escape(panel['title'])}</h2>\n"
    # A shut row costs no query until someone opens it.
    number, opened = str(panel["id"]), given.get("rows", [])
    rows = [one for one in opened if one != number] + ([] if number in opened else [number])
    head = f"<h2>{_link(uid, panel['title'], {**given, 'rows': rows}, number in opened)}</h2>\n"
    inner = panel["panels"] if number in opened else []
    return head + "".join(_panel(one, uid, ask) for one in inner)


def _panel(panel: Json, uid: str, ask: Ask) -> str:
    title, text = panel.get("title", ""), panel.get("description", "")
    found = f'<section data-panel="{panel["id"]}"><h3>{escape(title)}</h3>\n'
    if panel["type"] == "text":
        return f"{found}<p>{escape(panel['options']['content'])}</p>\n</section>\n"
    found += f"<p>{escape(text)}</p>\n"
    defaults = panel["fieldConfig"]["defaults"]
    for target in panel["targets"]:
        answer = ask(uid, str(panel["id"]), target["refId"])
        if "error" in answer:
            found += f'<p class="error">{escape(answer["error"])}</p>\n'
        elif not answer["frames"]:
            found += f"<p>{escape(defaults.get('noValue', 'No data'))}</p>\n"
        else:
            fields = answer["frames"][0]["fields"]
            found += _table(fields, panel["type"], defaults.get("unit", ""))
    return found + "</section>\n"


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


def _series(field: Json) -> str:
    return ", ".join(field.get("labels", {}).values()) or str(field["name"])


def _last(field: Json, unit: str) -> str:
    values = [value for value in field["values"] if value is not None]
    return _text(values[-1], field["type"], unit) if values else ""


def _cell(field: Json, row: int, unit: str) -> str:
    return _text(field["values"][row], field["type"], unit)


def _text(value: Any, kind: str, unit: str) -> str:
    if value is None:
        return ""
    if kind == "time" or (kind == "number" and unit.startswith("dateTime")):
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
