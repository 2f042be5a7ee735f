"""What a viewer does on the preview page, for its tests in a browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page
from screenshots import wait_until_painted

#: The range that the shop's series are in.
RANGE = "from=2026-11-20T12:00:00.000Z&to=2026-11-20T12:30:00.000Z"


def visit(page: Page, address: str) -> None:
    page.goto(address)
    assert wait_until_painted(page), "not everything was painted"


def panel(page: Page, number: int) -> Locator:
    return page.locator(f'[data-panel="{number}"]')


def given(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)


def board_of(page: Page) -> str:
    return urlsplit(page.url).path


def choose_range(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile("^Time range")).click()
    page.get_by_role("button", name=name, exact=True).click()


def options_of(page: Page, variable: str) -> Locator:
    page.locator(f'[data-variable="{variable}"] input').click()
    return page.get_by_role("option")


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"The keyboard does not reach {wanted}")
