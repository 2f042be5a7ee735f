"""The built preview page and a browser that looks at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from store_fixtures import missing

if TYPE_CHECKING:  # Most tests need no browser, and its package is slow to load.
    from playwright.sync_api import Browser, Page
    from preview_boards import ShopStore


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page, kept between runs where a cache directory is named."""
    from millrace.grafana.preview import build_pages

    kept = os.environ.get("MILLRACE_TEST_CACHE")
    built = build_pages(Path(kept) if kept else tmp_path_factory.mktemp("cache"))
    if built is None:
        missing("No built page: Node.js with npm and its packages are needed to build it")
    assert built is not None
    return built


# For one module each: while it is open, its event loop keeps those of other tests from starting.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or whichever one there is."""
    from playwright.sync_api import sync_playwright
    from screenshots import ARGUMENTS, chromium

    path = chromium()
    if path is None:
        missing("No Chromium: install it to see whether the dashboard page paints")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab of its own, high enough to show a whole dashboard."""
    from playwright.sync_api import expect
    from screenshots import PATIENCE

    expect.set_options(timeout=PATIENCE / 2)
    context = browser.new_context(viewport={"width": 1600, "height": 2000})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def console(page: Page) -> list[str]:
    """What the browser complains about on ``page``."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))

    def listen(message: object) -> None:
        if getattr(message, "type", "") in {"error", "warning"}:
            said.append(str(getattr(message, "text", "")))

    page.on("console", listen)
    return said


@pytest.fixture
def shop() -> ShopStore:
    """The store behind ``shop_url``."""
    from preview_boards import ShopStore

    return ShopStore()


@pytest.fixture
def shop_url(shop: ShopStore, pages: Path) -> Iterator[str]:
    """A preview of dashboards that use everything that the page can do."""
    from preview_boards import boards

    from millrace.grafana.preview import PreviewServer

    with PreviewServer(0, shop, pages, boards) as server:
        yield server.url
