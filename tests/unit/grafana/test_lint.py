"""Each rule finds the fault that was put in for it, and a clean dashboard has none."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from millrace.grafana import lint, palette, translate
from millrace.grafana.dashboards.pipeline_overview import UID
from millrace.grafana.generated import dashboards

Board = dict[str, Any]


@pytest.fixture
def board() -> Board:
    return copy.deepcopy(dashboards()[UID])


def panel(board: Board, title: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in board["panels"] if item["title"] == title)
    return found


def target(board: Board, title: str) -> dict[str, Any]:
    found: dict[str, Any] = panel(board, title)["targets"][0]
    return found


def in_sql(title: str, old: str, new: str) -> Callable[[Board], None]:
    def change(board: Board) -> None:
        query = target(board, title)
        assert old in query["rawSql"]
        query["rawSql"] = query["rawSql"].replace(old, new)

    return change


def defaults(title: str, key: str, value: Any) -> Callable[[Board], None]:
    return lambda board: panel(board, title)["fieldConfig"]["defaults"].update({key: value})


FAULTS: list[Any] = [
    pytest.param(lambda b: b.pop("description"), "has no description", id="description"),
    pytest.param(lambda b: b.pop("uid"), "has no uid", id="uid"),
    pytest.param(lambda b: b.update(editable=True), "can be edited", id="editable"),
    pytest.param(lambda b: b.update(tags=["millrace"]), "lacks the tag", id="tag"),
    pytest.param(
        lambda b: b["templating"]["list"].reverse(), "first variable", id="datasource first"
    ),
    pytest.param(
        lambda b: b["templating"]["list"].append({"name": "spare", "type": "custom"}),
        "never used",
        id="unused variable",
    ),
    pytest.param(lambda b: b["annotations"].update(list=[]), "marks no events", id="annotations"),
    pytest.param(
        lambda b: b["links"][0].update(placement="inControlsMenu"),
        "hidden in a menu",
        id="hidden link",
    ),
    pytest.param(lambda b: b["panels"][1].update(id=0), "panel id 0", id="no id"),
    pytest.param(lambda b: b["panels"][1].update(id=2), "panel id 2", id="id twice"),
    pytest.param(lambda b: b["panels"][1]["gridPos"].update(w=30), "reaches beyond", id="too wide"),
    pytest.param(lambda b: b["panels"][1]["gridPos"].update(w=4), "lies over", id="overlap"),
    pytest.param(lambda b: b["panels"][1]["gridPos"].update(w=2), "has holes", id="hole"),
    pytest.param(lambda b: b["panels"][1].update(type="heatmap"), "cannot be drawn", id="type"),
    pytest.param(lambda b: b["panels"][1].pop("title"), "has no title", id="title"),
    pytest.param(
        lambda b: b["panels"][1].pop("description"), "has no description", id="panel description"
    ),
    pytest.param(lambda b: b["panels"][1].update(targets=[]), "has no targets", id="no query"),
    pytest.param(defaults("Duplicates", "noValue", ""), "what no data means", id="no data"),
    pytest.param(defaults("Duplicates", "unit", "bananas"), "is not a unit", id="unit"),
    pytest.param(defaults("Duplicates", "thresholds", {}), "no thresholds", id="thresholds"),
    pytest.param(defaults("Events by name", "min", None), "does not start at zero", id="minimum"),
    pytest.param(defaults("Rejected", "max", 100), "from 0 to 1", id="share"),
    pytest.param(
        lambda b: panel(b, "Flush time")["options"]["legend"].update(showLegend=False),
        "shows no legend",
        id="legend",
    ),
    pytest.param(
        lambda b: panel(b, "Events by outcome").pop("interval"), "smallest interval", id="interval"
    ),
    pytest.param(
        lambda b: panel(b, "Duplicates")["options"]["reduceOptions"].update(calcs=[]),
        "reduces to one number",
        id="reduce",
    ),
    pytest.param(
        lambda b: target(b, "Duplicates").update(datasource={"uid": "fixed"}),
        "does not use ${datasource}",
        id="fixed datasource",
    ),
    pytest.param(
        lambda b: target(b, "Duplicates").pop("pluginVersion"), "pluginVersion", id="plugin version"
    ),
    pytest.param(
        in_sql("Duplicates", "$__timeFilter(flushed_at)", "1"), "ignores the time range", id="range"
    ),
    pytest.param(
        in_sql("Lag by partition", "ORDER BY time", "ORDER BY Value"),
        "must ORDER BY time",
        id="order",
    ),
    pytest.param(
        in_sql("Lag by partition", " AS step", " AS stride"),
        "take its buckets",
        id="bucket",
    ),
    pytest.param(
        in_sql("Events by outcome", "< $__timeInterval($__toTime)", "< $__toTime"),
        "open bucket",
        id="open bucket",
    ),
    pytest.param(
        in_sql("Events by outcome", ">= $__timeInterval($__fromTime)", ">= $__fromTime"),
        "first bucket",
        id="first bucket",
    ),
    pytest.param(
        in_sql("Events by name", "r.bucket < open_bucket", "1"), "open bucket", id="open grain"
    ),
    pytest.param(
        in_sql("Events by name", ">= first_bucket", ">= $__fromTime"),
        "first bucket",
        id="first of a grain",
    ),
    pytest.param(
        in_sql("Duplicates", "$__timeFilter(flushed_at)", "$__timeFilter(now())"),
        "asks the clock",
        id="clock",
    ),
    pytest.param(
        lambda b: panel(b, "Duplicates")["fieldConfig"]["defaults"].update(
            color={"mode": "fixed", "fixedColor": "#123456"}
        ),
        "#123456 is not of the palette",
        id="colour",
    ),
    pytest.param(
        lambda b: panel(b, "Duplicates")["fieldConfig"]["defaults"]["thresholds"]["steps"].append(
            {"value": 1, "color": "red"}
        ),
        "red is not of the palette",
        id="named colour",
    ),
    pytest.param(in_sql("Top events", "LIMIT 50", ""), "needs a LIMIT", id="limit"),
    pytest.param(
        in_sql("Top events", "${tenant:singlequote}", "$tenant"), "not escaped", id="bare variable"
    ),
    pytest.param(
        in_sql("Top events", "${tenant:singlequote}", "'${tenant}'"),
        "not escaped",
        id="quoted by hand",
    ),
    pytest.param(
        in_sql("Top events", "${tenant:singlequote}", "${tenant:raw}"), "not escaped", id="raw"
    ),
    pytest.param(
        in_sql("Top events", "${tenant:singlequote}", "${site:singlequote}"),
        "$site is not known",
        id="unknown variable",
    ),
    pytest.param(
        in_sql(
            "Ingest delay",
            "quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)",
            "avg(r.p99)",
        ),
        "added or averaged",
        id="mean percentile",
    ),
    pytest.param(
        in_sql("Worker memory", "max(r.max)", "sum(r.sum)"), "gauge are added", id="summed gauge"
    ),
    pytest.param(
        in_sql("Top events", "NOT startsWith(r.name, 'millrace.')", "1"),
        "own telemetry",
        id="own telemetry",
    ),
    pytest.param(
        in_sql("Events by outcome", "NOT endsWith(topic, 'telemetry.millrace')", "1"),
        "own telemetry",
        id="own topic",
    ),
]


@pytest.mark.requirement("IDENT-05")
@pytest.mark.parametrize("language", translate.LANGUAGES)
def test_the_committed_dashboards_are_clean(language: str) -> None:
    for committed in dashboards(language).values():
        assert lint.findings(committed) == []


@pytest.mark.parametrize(("fault", "finding"), FAULTS)
def test_each_rule_finds_its_fault(
    board: Board, fault: Callable[[Board], Any], finding: str
) -> None:
    fault(board)
    found = lint.findings(board)
    assert any(finding in text for text in found), found


def test_the_panels_of_a_shut_row_are_looked_at(board: Board) -> None:
    shut = copy.deepcopy(board)
    first, *inside = shut["panels"][:2]
    rest = [one for one in shut["panels"][2:] if one["type"] == "row"]
    for number, row in enumerate(rest, start=1):
        row["gridPos"]["y"] = number
    shut["panels"] = [{**first, "collapsed": True, "panels": inside}, *rest]
    inside[0]["gridPos"].update(x=0, w=24)
    before = {text for text in lint.findings(shut) if "never used" not in text}
    assert before == set()
    inside[0].pop("description")
    inside[0]["gridPos"].update(w=23)
    found = lint.findings(shut)
    assert f"{inside[0]['title']}: has no description" in found
    assert any("has holes" in text for text in found)


def test_a_text_panel_needs_no_figures(board: Board) -> None:
    first = board["panels"][1]
    place = {"id": first["id"], "gridPos": first["gridPos"]}
    board["panels"][1] = {"type": "text", "options": {"content": "Words"}, **place}
    assert lint.findings(board) == []


@pytest.mark.requirement("IDENT-50")
def test_colours_have_fixed_meanings() -> None:
    assert palette.SUCCESS == "#22c55e"
    assert palette.ERROR == "#ef4444"
    assert palette.WARNING == "#eab308"
    assert palette.PRIMARY == "#3b82f6"
    assert palette.SECONDARY == "#a855f7"
    assert palette.NEUTRAL == "#6b7280"


def test_the_dashboard_uses_no_other_colour(board: Board) -> None:
    colours = {value for value in vars(palette).values() if str(value).startswith("#")}
    used = set(re.findall(r"#[0-9a-f]{6}", json.dumps(board)))
    assert used
    assert used <= colours
