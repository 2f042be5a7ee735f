"""What the game server's dashboard promises in its JSON; its figures are tested on a store."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from millrace.grafana.generated import dashboards

Panel = dict[str, Any]
BOARD = dashboards()["millrace-game"]
SECTIONS = {
    "Server": ["Players Online", "Creatures Spawned", "Active Zones"],
    "Auth": ["Login Rate", "Login Success/Failure", "Session Starts"],
    "Gameplay": ["Players Entering World", "Quests Accepted", "Quests Completed"],
    "Combat": ["Creatures Killed", "XP Awarded", "Damage Dealt"],
}
#: Collected, though nobody asked to see them.
EXTRA = {"Auth": ["Login Duration"], "Gameplay": ["Quests Abandoned"]}
MEASURED = {
    "Players Online": "online",
    "Creatures Spawned": "spawned",
    "Active Zones": "active",
    "XP Awarded": "xp_reward",
    "Damage Dealt": "damage_amount",
}


def sections() -> dict[str, list[Panel]]:
    """The panels by their row's title, whether the row is open or shut."""
    found: dict[str, list[Panel]] = {}
    title = ""
    for panel in BOARD["panels"]:
        if panel["type"] == "row":
            title = panel["title"]
            found[title] = list(panel["panels"])
        elif title:
            found[title].append(panel)
    return found


def charts() -> list[Panel]:
    return [panel for inside in sections().values() for panel in inside]


def colors(panel: Panel) -> dict[str, str]:
    """The fixed colour of each series."""
    return {
        override["matcher"]["options"]: item["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
        for item in override["properties"]
        if item["id"] == "color"
    }


@pytest.mark.requirement("GAME-37")
def test_title_subtitle_and_refresh_note() -> None:
    assert BOARD["title"] == "Metrics Dashboard"
    (header,) = (panel for panel in BOARD["panels"] if panel["type"] == "text")
    for text in ("Historical telemetry data visualization", "Auto-refresh every 10s"):
        assert text in header["options"]["content"]
        assert text in BOARD["description"]
    assert header["gridPos"]["y"] == 0


@pytest.mark.requirement("GAME-38")
def test_it_refreshes_itself_every_ten_seconds() -> None:
    assert BOARD["refresh"] == "10s"


@pytest.mark.requirement("GAME-39", "GAME-41", "GAME-47")
def test_four_sections_of_which_the_first_is_open() -> None:
    rows = [panel for panel in BOARD["panels"] if panel["type"] == "row"]
    assert [row["title"] for row in rows] == ["Server", "Auth", "Gameplay", "Combat"]
    assert [row["collapsed"] for row in rows] == [False, True, True, True]
    titles = {name: [panel["title"] for panel in inside] for name, inside in sections().items()}
    assert titles == {name: SECTIONS[name] + EXTRA.get(name, []) for name in SECTIONS}
    # What is asked for at the start: the open row alone.
    asking = [panel["title"] for panel in BOARD["panels"] if panel.get("targets")]
    assert asking == SECTIONS["Server"]


@pytest.mark.requirement("GAME-42")
def test_the_ranges() -> None:
    offered = [(option["from"], option["to"]) for option in BOARD["timepicker"]["quick_ranges"]]
    assert offered == [(f"now-{span}", "now") for span in ("1h", "6h", "24h", "7d", "30d")]
    assert BOARD["time"] == {"from": "now-1h", "to": "now"}


@pytest.mark.requirement("GAME-50")
def test_series_have_set_names_and_colours() -> None:
    for panel in charts():
        title = panel["title"]
        if title == "Login Success/Failure":
            assert colors(panel) == {
                "success:true": "rgba(75, 192, 192, 0.6)",
                "success:false": "rgba(255, 99, 132, 0.6)",
            }
        elif title in MEASURED:
            assert colors(panel)[MEASURED[title]] == "rgb(75, 192, 192)"
        elif title != "Login Duration":
            assert colors(panel) == {"Count": "rgb(54, 162, 235)"}
        if panel["type"] == "timeseries":
            drawn = panel["fieldConfig"]["defaults"]["custom"]
            assert drawn["lineInterpolation"] == "smooth", title
            assert title == "Login Duration" or drawn["fillOpacity"] == 20, title


@pytest.mark.requirement("GAME-51")
def test_one_axis_style_for_all() -> None:
    """Grafana has no legend on top and writes the time axis itself."""
    for panel in charts():
        assert panel["fieldConfig"]["defaults"]["min"] == 0
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["showLegend"]
            assert panel["fieldConfig"]["defaults"]["custom"]["axisLabel"]


@pytest.mark.requirement("GAME-52")
def test_two_a_line_at_one_height() -> None:
    for inside in sections().values():
        lines: dict[int, list[int]] = {}
        for panel in inside:
            assert panel["gridPos"]["h"] == 8
            lines.setdefault(panel["gridPos"]["y"], []).append(panel["gridPos"]["w"])
        assert all(widths in ([12, 12], [24]) for widths in lines.values())


@pytest.mark.requirement("GAME-55")
def test_nothing_is_loaded_from_elsewhere() -> None:
    assert not re.search(r"https?:|<script|//\w", json.dumps(BOARD))


@pytest.mark.requirement("GAME-57")
def test_the_section_server_of_the_administration() -> None:
    links = {link["title"]: link for link in BOARD["links"] if link["type"] == "link"}
    assert list(links) == ["Server Status", "Metrics", "Logs", "Server Settings"]
    assert links["Metrics"]["url"] == f"/d/{BOARD['uid']}"
    known = dashboards()
    for link in links.values():
        assert link["url"].removeprefix("/d/") in known
        assert (link["keepTime"], link["includeVars"]) == (True, True)
        assert "placement" not in link
