"""Every dashboard in both languages, drawn in Chromium over a store that a worker filled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from dashboard_story import Story
from playwright.sync_api import Page
from repository import REPO
from screenshots import picture

from millrace.grafana.generated import dashboards
from millrace.grafana.preview import PreviewServer
from millrace.grafana.scope import milliseconds

# The first build fetches packages, and two cores are shared by every test.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
PICTURES = REPO / "build" / "screenshots"
LOOKS = (("en", "dark"), ("pl", "light"))
_WALL, _LAPTOP = 1600, 1280


@pytest.fixture
def url(story: Story, pages: Path) -> Iterator[str]:
    with PreviewServer(0, story.store.json, pages) as server:
        yield server.url


def address(url: str, uid: str, story: Story, **look: str) -> str:
    end = story.anchor
    span = {
        "from": milliseconds(end - timedelta(hours=24)),
        "to": milliseconds(end),
        "refresh": "",
    }
    return f"{url}/d/{uid}?{urlencode({**span, **look})}"


@pytest.mark.parametrize(("language", "theme"), LOOKS)
@pytest.mark.parametrize("uid", sorted(dashboards()))
def test_every_panel_is_painted_and_nothing_is_cut_off(
    page: Page, url: str, story: Story, uid: str, language: str, theme: str
) -> None:
    target = PICTURES / f"{uid}-{language}-{theme}.png"
    page.set_viewport_size({"width": _WALL, "height": 900})
    found = picture(page, address(url, uid, story, theme=theme, lang=language), target)
    assert found == []
    shown = page.locator("[data-panel]").count()
    board = dashboards(language)[uid]
    panels = [one for row in board["panels"] for one in (row, *row.get("panels", []))]
    assert shown == sum(panel["type"] != "row" for panel in panels)
    assert page.title() == board["title"]
    assert target.stat().st_size > 10_000
    # On a smaller screen tables scroll and titles may be shortened, but nothing leaves the page.
    page.set_viewport_size({"width": _LAPTOP, "height": 900})
    fits = "(width) => document.documentElement.scrollWidth === width"
    page.wait_for_function(fits, arg=_LAPTOP)


def test_both_languages_have_the_same_dashboards_and_panels() -> None:
    assert set(dashboards("pl")) == set(dashboards("en"))
    for uid, board in dashboards("en").items():
        ids = [panel["id"] for panel in board["panels"]]
        assert [panel["id"] for panel in dashboards("pl")[uid]["panels"]] == ids
