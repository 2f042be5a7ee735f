"""What both dashboards of the web application promise in their JSON."""

from __future__ import annotations

from typing import Any

import pytest

from millrace.grafana import palette
from millrace.grafana.generated import dashboards

Panel = dict[str, Any]
PERFORMANCE = dashboards()["millrace-webapp-performance"]
USAGE = dashboards()["millrace-webapp-usage"]
BOTH = [pytest.param(PERFORMANCE, id="performance"), pytest.param(USAGE, id="usage")]


def charts(board: Any, *kinds: str) -> list[Panel]:
    return [panel for panel in board["panels"] if panel["type"] in kinds]


def variable(board: Any, name: str) -> Panel:
    (found,) = (item for item in board["templating"]["list"] if item["name"] == name)
    return dict(found)


@pytest.mark.parametrize("board", BOTH)
def test_it_loads_once_and_then_when_its_viewer_asks(board: Any) -> None:
    assert board["refresh"] == ""


@pytest.mark.parametrize("board", BOTH)
def test_the_ranges(board: Any) -> None:
    offered = [(option["from"], option["to"]) for option in board["timepicker"]["quick_ranges"]]
    assert offered == [(f"now-{span}", "now") for span in ("24h", "7d", "30d", "90d")]
    assert board["time"] == {"from": "now-24h", "to": "now"}


@pytest.mark.requirement("WEBAPP-68")
def test_the_cards() -> None:
    cards = {panel["title"] for board in (PERFORMANCE, USAGE) for panel in charts(board, "stat")}
    assert cards >= {
        "Average response time",
        "Error rate",
        "Active users",
        "Total events",
        "Unique users",
        "Event types",
    }


@pytest.mark.requirement("WEBAPP-69")
def test_the_table_shows_every_endpoint_on_one_page() -> None:
    (table,) = charts(PERFORMANCE, "table")
    assert not table["options"].get("footer", {}).get("enablePagination")
    assert table["options"]["sortBy"] == [{"displayName": "Average", "desc": True}]
    # More than a day's series budget of endpoints and methods can be.
    assert "LIMIT 10000" in table["targets"][0]["rawSql"]


@pytest.mark.requirement("WEBAPP-71")
@pytest.mark.parametrize("board", BOTH)
def test_charts_have_tooltips_legends_and_axis_labels(board: Any) -> None:
    assert charts(board, "timeseries")
    for panel in charts(board, "timeseries"):
        assert panel["options"]["tooltip"]["mode"] == "multi"
        assert panel["options"]["legend"]["showLegend"]
        assert panel["fieldConfig"]["defaults"]["custom"]["axisLabel"]


@pytest.mark.requirement("WEBAPP-73")
@pytest.mark.parametrize("board", BOTH)
def test_anonymous_users_are_left_out_at_first(board: Any) -> None:
    toggle = variable(board, "include_anonymous")
    assert toggle["label"] == "Include Anonymous Users"
    assert toggle["current"] == {"text": "Off", "value": "off"}
    assert [option["value"] for option in toggle["options"]] == ["off", "on"]


@pytest.mark.requirement("WEBAPP-76", "WEBAPP-77")
@pytest.mark.parametrize("board", BOTH)
def test_only_colours_with_contrast_on_light(board: Any) -> None:
    """Numbers are text; a bar is solid, and its number has the theme's colour."""
    lines = {color for panel in charts(board, "timeseries") for color in used(panel)}
    numbers = {color for panel in charts(board, "stat") for color in used(panel)}
    bars = {color for panel in charts(board, "bargauge") for color in used(panel)}
    assert numbers <= set(palette.TEXT_ON_LIGHT)
    assert lines - {palette.PRIMARY} <= {*palette.ON_LIGHT, *palette.TEXT_ON_LIGHT}
    assert bars <= set(palette.ON_LIGHT)
    for panel in charts(board, "bargauge"):
        assert panel["options"]["displayMode"] == "gradient"
        assert panel["options"]["valueMode"] == "text"


def used(panel: Panel) -> set[str]:
    """The colours of thresholds and series."""
    config = panel["fieldConfig"]
    steps = {step["color"] for step in config["defaults"]["thresholds"]["steps"]}
    fixed = {
        item["value"]["fixedColor"]
        for override in config["overrides"]
        for item in override["properties"]
        if item["id"] == "color"
    }
    return steps | fixed


@pytest.mark.parametrize("board", BOTH)
def test_every_line_has_a_colour_of_its_own(board: Any) -> None:
    """A series without one would get any of Grafana's, whatever its contrast."""
    for panel in charts(board, "timeseries"):
        named = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
        shown = panel["targets"][0]["rawSql"].split("SELECT time, ")[1].split(" FROM")[0]
        assert {column.strip().strip("`") for column in shown.split(",")} == named
