"""The page as a browser shows it: built with npm, served on live data, drawn by Chromium."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard_seed import Seeded, milliseconds
from store_fixtures import missing

from millrace.clickhouse.client import Store
from millrace.grafana.dashboards.pipeline_overview import UID
from millrace.grafana.generated import dashboards
from millrace.grafana.preview import PreviewServer, build_pages

# The first build fetches packages, and two cores are shared by every test.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
PANELS = [panel for panel in dashboards()[UID]["panels"] if panel["type"] != "row"]
_LOOKS = 5
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--window-size=1600,1900",
    "--virtual-time-budget=15000",
    "--enable-logging=stderr",
)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("No Chromium: install it to see whether the dashboard page paints")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page, kept between runs where a cache directory is named."""
    kept = os.environ.get("MILLRACE_TEST_CACHE")
    built = build_pages(Path(kept) if kept else tmp_path_factory.mktemp("cache"))
    if built is None:
        missing("No built page: Node.js with npm and its packages are needed to build it")
    assert built is not None
    return built


def browse(chromium: str, address: str) -> tuple[str, str]:
    """Return the page's DOM and console once every panel has painted.

    Chromium leaves after 15 virtual seconds, which a busy machine may pass before the charts are
    drawn: then it looks again, a few times.
    """
    for _ in range(_LOOKS):
        dom, console = look(chromium, address)
        if is_painted(dom):
            break
    return dom, console


def is_painted(dom: str) -> bool:
    shown = panels_of(dom)
    return set(shown) == {panel["id"] for panel in PANELS} and all(
        "data-message" in shown[panel["id"]]
        or (
            'data-loaded="true"' in shown[panel["id"]]
            and (panel["type"] != "timeseries" or "<canvas" in shown[panel["id"]])
        )
        for panel in PANELS
    )


def look(chromium: str, address: str) -> tuple[str, str]:
    with tempfile.TemporaryDirectory() as profile:
        result = subprocess.run(
            [chromium, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", address],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    console = "\n".join(line for line in result.stderr.splitlines() if "CONSOLE" in line)
    return result.stdout, console


def panels_of(dom: str) -> dict[int, str]:
    parts = re.split(r'(?=<div [^>]*data-panel=")', dom)[1:]
    found = {}
    for part in parts:
        number = re.search(r'data-panel="(\d+)"', part)
        assert number is not None
        found[int(number[1])] = part
    return found


def words(part: str) -> str:
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", part, flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


@pytest.fixture
def server(seeded: Seeded, pages: Path) -> Iterator[PreviewServer]:
    with PreviewServer(0, seeded.store.json, pages) as running:
        yield running


def test_every_panel_paints_live_data(server: PreviewServer, seeded: Seeded, chromium: str) -> None:
    span = f"from={milliseconds(seeded.start)}&to={milliseconds(seeded.end)}"
    dom, console = browse(chromium, f"{server.url}/d/{UID}?{span}&refresh=")
    shown = panels_of(dom)
    assert set(shown) == {panel["id"] for panel in PANELS}, console
    for panel in PANELS:
        part = shown[panel["id"]]
        assert 'data-loaded="true"' in part, panel["title"]
        assert "data-message" not in part, (panel["title"], words(part))
        assert panel["title"] in words(part)
        if panel["type"] == "timeseries":
            assert "<canvas" in part, panel["title"]
    assert "Error" not in console
    assert f"Dead letters {len(seeded.all('dead_letters'))}" in words(shown[3])
    assert "bezgelor.combat.damage" in words(shown[16])
    assert "unknown_name" in words(shown[11])


def test_an_empty_store_says_what_is_missing_in_each_panel(
    store: Store, pages: Path, chromium: str
) -> None:
    with PreviewServer(0, store.json, pages) as server:
        dom, _ = browse(chromium, f"{server.url}/?refresh=")
    shown = panels_of(dom)
    for title, text in (
        ("Worst lag", "No worker"),
        ("Top events", "No events"),
        ("Rejected", "No traffic"),
    ):
        number = next(panel["id"] for panel in PANELS if panel["title"] == title)
        assert 'data-message="empty"' in shown[number]
        assert text in words(shown[number])
    assert 'data-message="error"' not in dom


def test_a_failing_store_is_told_in_the_panel(store: Store, pages: Path, chromium: str) -> None:
    store.command("DROP VIEW rollup_1m_view")
    store.command("DROP TABLE dead_letters")
    with PreviewServer(0, store.json, pages) as server:
        dom, _ = browse(chromium, f"{server.url}/?refresh=")
    shown = panels_of(dom)
    assert 'data-message="error"' in shown[3]
    assert "dead_letters" in words(shown[3])
    assert 'data-message="error"' not in shown[1]
