"""Runs the SQL of registered panels, and no other SQL: it comes from the committed dashboards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from millrace.grafana.clickhouse_shape import Shape
from millrace.grafana.frames import Frame, frames
from millrace.grafana.generated import dashboards
from millrace.grafana.interval import interval
from millrace.grafana.macros import expand
from millrace.grafana.preview.choices import Choices, choices
from millrace.grafana.scope import Scope, milliseconds

Given = Mapping[str, list[str]]
Run = Callable[[str], bytes]
DEFAULT_POINTS = 500
#: A page asks for all its panels at once; the store also has inserts to do.
AT_ONCE = 2


class NotRegistered(LookupError):
    """No dashboard, panel, query, variable or annotation of that name; one sentence."""


def _now() -> datetime:
    return datetime.now(UTC)


class PanelQueries:
    """Finds a registered query, fills in the viewer's choices and shapes the answer.

    Safe to call from several threads. Raises NotRegistered, ChoiceError, and whatever ``run``
    raises.
    """

    def __init__(self, run: Run, now: Callable[[], datetime] = _now) -> None:
        self._run = run
        self._now = now
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def board(self, uid: str) -> Mapping[str, Any]:
        """Return one committed dashboard."""
        try:
            return dashboards()[uid]
        except KeyError:
            raise NotRegistered("There is no dashboard of that name") from None

    def panel(self, uid: str, panel_id: str, ref_id: str, given: Given) -> dict[str, Any]:
        """Return the frames of one query of one panel, with the range that was used."""
        board = self.board(uid)
        panel = _find(board["panels"], "id", panel_id, "panel")
        target = _find(panel.get("targets", []), "refId", ref_id, "query")
        chosen = choices(board, given, self._now())
        return self._answer(target, chosen, panel)

    def annotation(self, uid: str, name: str, given: Given) -> dict[str, Any]:
        """Return the marks of one annotation."""
        board = self.board(uid)
        found = _find(board["annotations"]["list"], "name", name, "annotation")
        return self._answer(found["target"], choices(board, given, self._now()), {})

    def variable(self, uid: str, name: str, given: Given) -> list[str]:
        """Return the values that a variable may have."""
        board = self.board(uid)
        listed = [entry for entry in board["templating"]["list"] if entry["type"] == "query"]
        query = _find(listed, "name", name, "variable")["query"]
        chosen = choices(board, given, self._now())
        shaped = self._frames(query["rawSql"], Shape.TABLE, name, chosen, {})
        return [str(value) for frame in shaped for value in frame["fields"][0]["values"]]

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


def _find(entries: list[dict[str, Any]], key: str, value: str, what: str) -> Mapping[str, Any]:
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
                yield f"variable {name}", partial(queries.variable, uid, name, given)
        for mark in board["annotations"]["list"]:
            name = mark["name"]
            yield f"annotation {name}", partial(queries.annotation, uid, name, given)
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                run = partial(queries.panel, uid, str(panel["id"]), target["refId"], given)
                yield f"panel {panel['title']}", run
