"""The page over a real store: empty, and with a table that is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from screenshots import wait_until_painted

from millrace.clickhouse.client import Store
from millrace.grafana.dashboards.pipeline_overview import UID
from millrace.grafana.generated import dashboards
from millrace.grafana.preview import PreviewServer

# The first build fetches packages, and two cores are shared by every test.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def asking(uid: str) -> list[dict[str, Any]]:
    return [panel for panel in dashboards()[uid]["panels"] if panel.get("targets")]


def message(page: Page, number: int) -> tuple[str | None, str]:
    """The kind and the text of what a panel says in place of a figure."""
    found = page.locator(f'[data-panel="{number}"] [data-message]')
    if found.count() == 0:
        return None, ""
    return found.get_attribute("data-message"), found.inner_text()


@pytest.mark.requirement("GAME-53")
@pytest.mark.parametrize("uid", sorted(dashboards()))
def test_an_empty_store_says_what_is_missing_in_each_panel(
    page: Page, store: Store, pages: Path, uid: str
) -> None:
    with PreviewServer(0, store.json, pages) as server:
        page.goto(f"{server.url}/d/{uid}?refresh=")
        assert wait_until_painted(page)
        empty = 0
        for panel in asking(uid):
            kind, text = message(page, panel["id"])
            assert kind in {None, "empty"}, (panel["title"], text)
            if kind == "empty":
                empty += 1
                assert text == panel["fieldConfig"]["defaults"]["noValue"], panel["title"]
        assert empty or uid == "millrace-home"


def test_a_failing_store_is_told_in_the_panel(page: Page, store: Store, pages: Path) -> None:
    of_letters = [
        panel["id"]
        for panel in asking(UID)
        if any("dead_letters" in target["rawSql"] for target in panel["targets"])
    ]
    assert of_letters
    store.command("DROP TABLE dead_letters")
    with PreviewServer(0, store.json, pages) as server:
        page.goto(f"{server.url}/d/{UID}?refresh=")
        assert wait_until_painted(page)
        kinds = {panel["id"]: message(page, panel["id"]) for panel in asking(UID)}
    failed = [number for number, (kind, _) in kinds.items() if kind == "error"]
    assert set(failed) <= set(of_letters)
    assert failed
    assert all("dead_letters" in kinds[number][1] for number in failed)
