"""What every dashboard has in common."""

from __future__ import annotations

import json
from typing import Any

from millrace.grafana import boards
from millrace.grafana.foundation import encoder


def built(**given: Any) -> dict[str, Any]:
    board = boards.start("a-uid", "A title", "A question?", **given)
    found: dict[str, Any] = json.loads(encoder.JSONEncoder().encode(board.build()))
    return found


def test_it_is_generated_read_only_and_in_utc() -> None:
    board = built(tags=["own"])
    assert (board["uid"], board["title"], board["description"]) == (
        *("a-uid", "A title", "A question?"),
    )
    assert board["tags"] == ["generated", "millrace", "own"]
    assert board["editable"] is False
    assert (board["timezone"], board["weekStart"]) == ("utc", "monday")


def test_the_ranges_offered_are_the_usual_ones_or_its_own() -> None:
    usual = built()["timepicker"]["quick_ranges"]
    assert [(one["display"], one["from"], one["to"]) for one in usual] == list(boards.RANGES)
    own = built(ranges=[("Last year", "now-1y", "now")])["timepicker"]["quick_ranges"]
    assert own == [{"display": "Last year", "from": "now-1y", "to": "now"}]


def test_where_it_begins_is_among_what_it_offers() -> None:
    board = built(since="now-24h", refresh="1m", week_start="sunday")
    assert board["time"] == {"from": "now-24h", "to": "now"}
    assert board["refresh"] == "1m"
    assert board["refresh"] in board["timepicker"]["refresh_intervals"]
    assert board["time"]["from"] in {one["from"] for one in board["timepicker"]["quick_ranges"]}
    assert board["weekStart"] == "sunday"


def test_the_data_source_comes_first_and_the_menu_keeps_range_and_choices() -> None:
    board = built()
    assert [one["type"] for one in board["templating"]["list"]] == ["datasource"]
    (menu,) = board["links"]
    assert (menu["keepTime"], menu["includeVars"], menu["asDropdown"]) == (True, True, True)
    assert menu["tags"] == ["millrace"]
    assert not menu.get("placement")
