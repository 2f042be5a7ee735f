"""Every registered query of every dashboard, in both languages, on the seeds and on nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dashboard_story import Story

from millrace.clickhouse.client import Store
from millrace.grafana.generated import dashboards
from millrace.grafana.preview.panel_queries import PanelQueries, panels, registered
from millrace.grafana.translate import LANGUAGES

pytestmark = pytest.mark.integration
#: One of each grain.
HOURS = (1, 24, 168, 720)


def given(end: datetime, hours: float, **more: str) -> dict[str, list[str]]:
    start = end - timedelta(hours=hours)
    found = {"from": [_milliseconds(start)], "to": [_milliseconds(end)]}
    return found | {name: [value] for name, value in more.items()}


def _milliseconds(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000))


def asked(store: Store, language: str, choices: dict[str, list[str]]) -> dict[str, Any]:
    """The answer to every query of panels and annotations there is, by its name."""
    queries = PanelQueries(store.json)
    chosen = {**choices, "lang": [language]}
    answers = {}
    for uid, board in dashboards(language).items():
        for mark in board["annotations"]["list"]:
            answers[f"{uid}: {mark['name']}"] = queries.annotation(uid, mark["name"], chosen)
        for panel in panels(board):
            for target in panel.get("targets", []):
                place = (uid, str(panel["id"]), target["refId"])
                answers[" ".join(place)] = queries.panel(*place, chosen)
    assert len(answers) > 100
    return answers


def test_every_dashboard_offers_its_tenants(story: Story) -> None:
    queries = PanelQueries(story.store.json)
    for name, ask in registered(queries, given(story.anchor, 24)):
        if name == "variable tenant":
            assert ask(), name


@pytest.mark.parametrize("hours", HOURS)
def test_every_query_answers(story: Story, hours: int) -> None:
    asked(story.store, "en", given(story.anchor, hours))


def test_every_polish_query_answers_for_the_time_of_the_run(story: Story) -> None:
    asked(story.store, "pl", given(datetime.now(UTC) + timedelta(minutes=5), 24))


def test_both_languages_give_the_same_figures(story: Story) -> None:
    queries = PanelQueries(story.store.json)
    compared = 0
    for uid, board in dashboards("en").items():
        for panel in (one for one in board["panels"] if one.get("targets")):
            choices = given(story.anchor, 6)
            answers = [
                queries.panel(uid, str(panel["id"]), "A", {**choices, "lang": [language]})
                for language in LANGUAGES
            ]
            english, polish = (_figures(answer) for answer in answers)
            assert english == polish, panel["title"]
            compared += bool(english)
    assert compared > 50


def _figures(answer: Any) -> list[Any]:
    """What is measured, in whatever order the names of series put it."""
    return sorted(
        str(field["values"])
        for frame in answer["frames"]
        for field in frame["fields"]
        if field["type"] != "string"
    )


def test_an_empty_store_makes_nothing_up(store: Store) -> None:
    drawn = {}
    for name, answer in asked(store, "en", {}).items():
        for frame in answer["frames"]:
            for field in frame["fields"]:
                told = set(field["values"]) - {0, None, ""}
                if field["type"] == "number" and told:
                    drawn[name] = told
    assert drawn == {}
