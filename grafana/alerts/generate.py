"""Puts the rules into the shape of Grafana's provisioning files.

That shape is not the one of its HTTP API, which the Foundation SDK builds: ``keepFiringFor`` and
``dashboardUid`` have other names there and would be left out in silence. JSON is one of the
formats that Grafana reads from the folder, and the one of the dashboards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from millrace.grafana.alerts.groups import GROUPS
from millrace.grafana.alerts.rules import Alert, Group, Level
from millrace.grafana.clickhouse_query import PLUGIN, PLUGIN_VERSION, PROVISIONED_UID
from millrace.grafana.clickhouse_shape import Shape

Json = dict[str, Any]
#: Apart from that of the dashboards: both are made by provisioning, and the first would name the
#: folder of the other.
FOLDER = "Millrace alerts"
#: Grafana puts the address in from its environment when it reads the file. The name does not begin
#: with MILLRACE_: in a .env that Millrace reads too, it would be refused as an unknown setting.
RUNBOOKS = "${GRAFANA_RUNBOOKS}"
_EXPRESSION = "__expr__"


def files(boards: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield each group's file name and contents in the source language.

    ``boards`` are the dashboards by uid, for the panels that the rules lead to. Raises LookupError
    for a panel that is not there.
    """
    for group in GROUPS:
        yield f"{group.file}.json", {"apiVersion": 1, "groups": [_group(group, boards)]}


def _group(group: Group, boards: Mapping[str, Json]) -> Json:
    return {
        "orgId": 1,
        "name": group.name,
        "folder": FOLDER,
        "interval": f"{group.seconds}s",
        "rules": [_rule(alert, level, boards) for alert in group.alerts for level in alert.levels],
    }


def _rule(alert: Alert, level: Level, boards: Mapping[str, Json]) -> Json:
    title = alert.title if len(alert.levels) == 1 else f"{alert.title} ({level.severity})"
    return {
        "uid": alert.uid(level),
        "title": title,
        "condition": "B",
        "data": [_query(alert), _threshold(alert, level)],
        "dashboardUid": alert.panel[0],
        "panelId": panel_id(boards, *alert.panel),
        "noDataState": alert.no_data,
        "execErrState": alert.on_error,
        "for": f"{level.for_minutes}m",
        "keepFiringFor": f"{alert.keep_minutes}m",
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": f"{RUNBOOKS}/{alert.name}.md",
        },
        "labels": {"severity": level.severity, "team": alert.team},
        "isPaused": False,
    }


def _query(alert: Alert) -> Json:
    model = {
        "datasource": {"type": PLUGIN, "uid": PROVISIONED_UID},
        "editorType": "sql",
        "format": int(Shape.TABLE),
        "meta": {},
        "pluginVersion": PLUGIN_VERSION,
        "queryType": Shape.TABLE.name.lower(),
        "rawSql": alert.sql,
        "refId": "A",
    }
    return _data(alert, PROVISIONED_UID, model)


def _threshold(alert: Alert, level: Level) -> Json:
    model = {
        "type": "threshold",
        "datasource": {"type": _EXPRESSION, "uid": _EXPRESSION},
        "expression": "A",
        "conditions": [{"evaluator": {"type": level.evaluator, "params": [level.limit]}}],
        "refId": "B",
    }
    return _data(alert, _EXPRESSION, model)


def _data(alert: Alert, datasource: str, model: Json) -> Json:
    return {
        "refId": model["refId"],
        "relativeTimeRange": {"from": alert.minutes * 60, "to": 0},
        "datasourceUid": datasource,
        "model": model,
    }


def panel_id(boards: Mapping[str, Json], uid: str, title: str) -> int:
    """Return the id of the panel with this title; raises LookupError that says what is there."""
    panels = [
        inner
        for panel in boards.get(uid, {}).get("panels", ())
        for inner in (panel, *panel.get("panels", ()))
        if inner["type"] != "row"
    ]
    found = [panel["id"] for panel in panels if panel.get("title") == title]
    if len(found) != 1:
        there = ", ".join(sorted(panel.get("title", "") for panel in panels)) or "no panel"
        raise LookupError(f"An alert leads to {title!r} of {uid}, which has {there}")
    return int(found[0])
