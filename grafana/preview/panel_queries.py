"""Runs the SQL of registered panels, and no other SQL: it comes from the committed dashboards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from millrace.grafana.clickhouse_shape import Shape
from millrace.grafana.frames import Frame, frames
from millrace.grafana.generated import dashboards
from millrace.grafana.interval import interval
from millrace.grafana.macros import expand
from millrace.grafana.preview.choices import Choices, choices
from millrace.grafana.preview.values import LISTED, Option, listed_options, variables
from millrace.grafana.scope import Scope, milliseconds

Given = Mapping[str, list[str]]
Run = Callable[[str], bytes]
Boards = Callable[[str], Mapping[str, Mapping[str, Any]]]
DEFAULT_POINTS = 500
#: A page asks for all its panels at once; the store also has inserts to do.
AT_ONCE = 2
LANGUAGES = ("en", "pl")
#: Where a viewer begins; the others follow by title.
_HOME = "millrace-home"


class NotRegistered(LookupError):
    """No dashboard, panel, query, variable or annotation of that name; one sentence."""


def _now() -> datetime:
    return datetime.now(UTC)


class PanelQueries:
    """Finds a registered query, fills in the viewer's choices and shapes the answer.

    ``boards`` returns the dashboards of a language by uid. Safe to call from several threads.
    Raises NotRegistered, ChoiceError, and whatever ``run`` raises.
    """

    def __init__(
        self, run: Run, now: Callable[[], datetime] = _now, boards: Boards = dashboards
    ) -> None:
        self._run = run
        self._now = now
        self._boards = boards
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def boards(self, given: Given) -> list[Mapping[str, Any]]:
        """Return the dashboards of the language that ``lang`` names, the first one first."""
        found = self._boards(language(given)).values()
        return sorted(found, key=lambda board: (board["uid"] != _HOME, board["title"]))

    def board(self, uid: str, given: Given | None = None) -> Mapping[str, Any]:
        """Return one committed dashboard."""
        try:
            return self._boards(language(given or {}))[uid]
        except KeyError:
            raise NotRegistered("There is no dashboard of that name") from None

    def panel(self, uid: str, panel_id: str, ref_id: str, given: Given) -> dict[str, Any]:
        """Return the frames of one query of one panel, with the range that was used."""
        board = self.board(uid, given)
        panel = _find(panels(board), "id", panel_id, "panel")
        target = _find(panel.get("targets", []), "refId", ref_id, "query")
        chosen = choices(board, given, self._now())
        return self._answer(target, chosen, panel)

    def annotation(self, uid: str, name: str, given: Given) -> dict[str, Any]:
        """Return the marks of one annotation."""
        board = self.board(uid, given)
        found = _find(board["annotations"]["list"], "name", name, "annotation")
        return self._answer(found["target"], choices(board, given, self._now()), {})

    def variable(self, uid: str, name: str, given: Given) -> list[str]:
        """Return the values that a variable may have."""
        return [option.value for option in self.options(uid, name, given)]

    def options(self, uid: str, name: str, given: Given) -> list[Option]:
        """Return what a viewer may choose; the values of other variables in ``given`` count."""
        board = self.board(uid, given)
        known = {
            name: variable
            for name, variable in variables(board).items()
            if variable["type"] == "query" or variable["type"] in LISTED
        }
        variable = _find(list(known.values()), "name", name, "variable")
        if variable["type"] in LISTED:
            return listed_options(variable)
        query = variable["query"]
        sql = query if isinstance(query, str) else query["rawSql"]
        chosen = choices(board, given, self._now())
        shaped = self._frames(sql, Shape.TABLE, name, chosen, {})
        return [option for frame in shaped for option in _options(frame)]

    def _answer(
        self, target: Mapping[str, Any], chosen: Choices, panel: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "from": milliseconds(chosen.start),
            "to": milliseconds(chosen.end),
            "frames": self._frames(
                target["rawSql"], Shape(target["format"]), target["refId"], chosen, panel
            ),
        }

    def _frames(
        self, sql: str, shape: Shape, ref_id: str, chosen: Choices, panel: Mapping[str, Any]
    ) -> list[Frame]:
        points = chosen.points or DEFAULT_POINTS
        points = min(points, int(panel.get("maxDataPoints") or points))
        span = milliseconds(chosen.end) - milliseconds(chosen.start)
        width = interval(span, points, panel.get("interval") or "")
        expanded = expand(sql, Scope(chosen.start, chosen.end, width, chosen.values))
        with self._places:
            answer = self._run(expanded)
        return frames(answer, shape, ref_id)


def language(given: Given) -> str:
    """Return the language of the texts; one that there is not is ignored."""
    wanted = given.get("lang", [""])[-1]
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


def panels(board: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return all panels, those of shut rows too."""
    return [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]


def _options(frame: Frame) -> list[Option]:
    """One column is both; of two the first is the value, as the plugin has it."""
    columns = [[str(value) for value in field["values"]] for field in frame["fields"]]
    values, texts = columns[0], columns[1] if len(columns) > 1 else columns[0]
    return [Option(text, value) for text, value in zip(texts, values, strict=True)]


def _find(
    entries: Sequence[Mapping[str, Any]], key: str, value: str, what: str
) -> Mapping[str, Any]:
    for entry in entries:
        if str(entry.get(key)) == value:
            return entry
    raise NotRegistered(f"There is no {what} of that name on this dashboard")


def registered(queries: PanelQueries, given: Given) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the name of every query that there is, and what runs it with these choices."""
    for uid, board in dashboards().items():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                name = variable["name"]
                yield f"{uid}: variable {name}", partial(queries.variable, uid, name, given)
        for mark in board["annotations"]["list"]:
            name = mark["name"]
            yield f"{uid}: annotation {name}", partial(queries.annotation, uid, name, given)
        for panel in panels(board):
            for target in panel.get("targets", []):
                run = partial(queries.panel, uid, str(panel["id"]), target["refId"], given)
                yield f"{uid}: panel {panel['title']}", run
