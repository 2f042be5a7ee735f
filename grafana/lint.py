"""Rules for dashboards that no schema checks: each one kept a screen from misleading someone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from millrace.grafana import lint_sql, palette
from millrace.grafana.foundation import units

Json = Mapping[str, Any]
NUMERIC = frozenset({"timeseries", "stat", "gauge", "bargauge", "piechart"})
#: What the preview page can draw.
TYPES = frozenset({"row", "timeseries", "stat", "bargauge", "table", "piechart", "text"})
_COLORS = frozenset({"color", "fixedColor", "iconColor"})
UNITS = frozenset(
    value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)
)
COLUMNS = 24


def findings(board: Json) -> list[str]:
    """Return one sentence for each broken rule; none means clean."""
    found = [text for rule in _BOARD_RULES for text in rule(board)]
    for panel in panels(board):
        if panel["type"] != "row":
            name = panel.get("title") or f"panel {panel.get('id')}"
            found += [f"{name}: {text}" for rule in _PANEL_RULES for text in rule(panel)]
            known = {variable["name"] for variable in board["templating"]["list"]}
            found += [
                f"{name}: {text}"
                for target in panel.get("targets", [])
                for text in lint_sql.findings(target, panel["type"], known)
            ]
    return found


def panels(board: Json) -> list[Json]:
    """Return the panels, those in collapsed rows too."""
    return [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]


def _identity(board: Json) -> Iterator[str]:
    for key in ("uid", "title", "description", "tags"):
        if not board.get(key):
            yield f"dashboard: has no {key}"
    if board.get("editable", True):
        yield "dashboard: can be edited in the browser, but it is generated"
    if "generated" not in board.get("tags", []):
        yield "dashboard: lacks the tag generated"


def _variables(board: Json) -> Iterator[str]:
    listed = board["templating"]["list"]
    if not listed or listed[0]["type"] != "datasource":
        yield "dashboard: the first variable must be the data source"
    everything = json.dumps([board["panels"], board["annotations"], listed])
    for variable in listed:
        if variable["name"] not in re.findall(r"\$\{?(\w+)", everything):
            yield f"variable {variable['name']}: is never used"


def _marks_and_links(board: Json) -> Iterator[str]:
    if not board["annotations"]["list"]:
        yield "dashboard: marks no events on the time axis"
    for item in [*board.get("links", []), *board["annotations"]["list"]]:
        if item.get("placement"):
            yield f"{item.get('title') or item.get('name')}: is hidden in a menu"


def _ids(board: Json) -> Iterator[str]:
    ids = [panel.get("id") for panel in panels(board)]
    for number in sorted({number or 0 for number in ids if not number or ids.count(number) > 1}):
        yield f"panel id {number}: is missing or used twice"


def _layout(board: Json) -> Iterator[str]:
    for row in board["panels"]:
        if row.get("panels"):
            yield from _grid(row["panels"], row["panels"][0]["gridPos"]["y"])
    yield from _grid(board["panels"], 0)


def _grid(placed: Sequence[Json], top: int) -> Iterator[str]:
    cells: dict[tuple[int, int], str] = {}
    for panel in placed:
        name: str = panel.get("title", "")
        place = panel["gridPos"]
        if place["x"] + place["w"] > COLUMNS:
            yield f"{name}: reaches beyond the {COLUMNS} columns"
        area = [
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        for other in sorted({cells[cell] for cell in area if cell in cells}):
            yield f"{name}: lies over {other}"
        cells.update(dict.fromkeys(area, name))
    bottom = max((y for _, y in cells), default=-1) + 1
    holes = sorted({y for y in range(top, bottom) for x in range(COLUMNS) if (x, y) not in cells})
    if holes:
        yield f"layout: has holes in the grid rows {holes}"


def _words(panel: Json) -> Iterator[str]:
    if panel["type"] not in TYPES:
        yield f"the type {panel['type']} cannot be drawn by the preview page"
    if panel["type"] == "text":
        return
    for key in ("title", "description", "targets"):
        if not panel.get(key):
            yield f"has no {key}"
    if not _defaults(panel).get("noValue"):
        yield "does not say what no data means (noValue)"


def _numbers(panel: Json) -> Iterator[str]:
    kind, defaults = panel["type"], _defaults(panel)
    if kind in NUMERIC and defaults.get("unit") not in UNITS:
        yield f"{defaults.get('unit')!r} is not a unit that Grafana knows"
    if kind in NUMERIC and not defaults.get("thresholds", {}).get("steps"):
        yield "has no thresholds, so everything above 80 is red"
    soft = defaults.get("custom", {}).get("axisSoftMin")
    if kind in {"timeseries", "gauge", "bargauge"} and defaults.get("min", soft) is None:
        yield "has no minimum, so its axis does not start at zero"
    if (
        kind in NUMERIC
        and defaults.get("unit") == "percentunit"
        and (defaults.get("min"), defaults.get("max"))
        != (
            0,
            1,
        )
    ):
        yield "is a share and must reach from 0 to 1"


def _options(panel: Json) -> Iterator[str]:
    kind, options = panel["type"], panel.get("options", {})
    if kind == "timeseries" and not options.get("legend", {}).get("showLegend"):
        yield "shows no legend"
    if kind in NUMERIC - {"timeseries"} and not options.get("reduceOptions", {}).get("calcs"):
        yield "does not say how it reduces to one number"
    if kind == "timeseries" and not panel.get("interval") and _takes_interval(panel):
        yield "has no smallest interval, so a short range shows empty buckets"


def _takes_interval(panel: Json) -> bool:
    return any("$__timeInterval" in target.get("rawSql", "") for target in panel["targets"])


def _colors(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _colors(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _COLORS and isinstance(item, str) and item not in palette.ALL:
                yield f"the colour {item} is not of the palette"
            yield from _colors(item)


def _defaults(panel: Json) -> Json:
    defaults: Json = panel.get("fieldConfig", {}).get("defaults", {})
    return defaults


_BOARD_RULES: tuple[Callable[[Json], Iterator[str]], ...] = (
    _identity,
    _variables,
    _marks_and_links,
    _ids,
    _layout,
)
_PANEL_RULES: tuple[Callable[[Json], Iterator[str]], ...] = (_words, _numbers, _options, _colors)
