"""Full-page screenshots of the dashboards of a running preview.

``python tools/screenshots.py --url http://127.0.0.1:8080 --out build/screenshots`` takes all of
them; name uids to take only those. Each picture is ``<uid>-<lang>-<theme>.png``, each shut row is
opened first. What a viewer would call broken is printed: an error in a panel, a panel that stays
unpainted, content cut off, a line on the console. Exit code 1 when there is any.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as Late

#: Milliseconds for a whole dashboard; a busy machine needs most of it.
PATIENCE = 60_000
_WIDTH, _HEIGHT = 1600, 1000
ARGUMENTS = ("--no-sandbox", "--disable-gpu")

#: Every panel has its answer and has drawn it; text says what is missing where nothing is.
_PAINTED = """() => {
  const panels = [...document.querySelectorAll('[data-panel]')];
  return document.querySelector('main') && panels.every((panel) =>
    panel.dataset.loaded === 'true' && panel.querySelector('[data-painted], [data-message]'));
}"""

#: What is wrong with a painted page, as sentences.
_FAULTS = """() => {
  const faults = [];
  const seen = (element) => { const { width, height } = element.getBoundingClientRect(); return width > 0 && height > 0; };
  for (const panel of document.querySelectorAll('[data-panel]')) {
    const say = (text) => faults.push(`panel ${panel.dataset.panel} "${panel.dataset.title}": ${text}`);
    const message = panel.querySelector('[data-message="error"], [data-message="broken"]');
    if (message) { say(message.textContent); continue; }
    if (panel.querySelector('[data-message]')) continue;
    const body = panel.querySelector('[data-painted]');
    if (!body || !seen(body)) { say('is not painted'); continue; }
    if (panel.dataset.type === 'timeseries') {
      const canvas = body.querySelector('canvas');
      if (!canvas || !seen(canvas)) say('has no canvas');
    } else if (!body.textContent.trim() && !body.querySelector('svg, canvas')) say('is blank');
    const box = body.getBoundingClientRect();
    if (body.scrollWidth > body.clientWidth + 1) say(`is ${body.scrollWidth - body.clientWidth} px too wide`);
    const grid = body.querySelector('[role=grid]');
    if (grid && grid.scrollWidth > grid.clientWidth + 1) say(`has columns ${grid.scrollWidth - grid.clientWidth} px out of sight`);
    const title = panel.querySelector('h2, h6');
    if (title && title.scrollWidth > title.clientWidth + 1) say('has a title that is cut off');
    if (panel.dataset.type !== 'table' && panel.dataset.type !== 'text' && body.scrollHeight > body.clientHeight + 1)
      say(`is ${body.scrollHeight - body.clientHeight} px too high`);
  }
  return faults;
}"""  # noqa: E501


def chromium() -> str | None:
    """Return the browser's path, or None when there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def browser_page(theme: str = "dark", width: int = _WIDTH) -> Iterator[Page]:
    """Open Debian's Chromium, or whichever one there is, at the size of a wall screen."""
    found = chromium()
    if found is None:
        raise SystemExit("No Chromium: install it to take screenshots")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser.new_page(
            viewport={"width": width, "height": _HEIGHT},
            color_scheme="light" if theme == "light" else "dark",
        )
        browser.close()


def wait_until_painted(page: Page) -> bool:
    """Wait until every panel that is open has painted or says why not; False when it is late."""
    try:
        page.wait_for_function(_PAINTED, timeout=PATIENCE)
    except Late:
        return False
    # The charts draw in the frame after their data.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))")
    return True


def open_rows(page: Page) -> None:
    """Open every row that is shut."""
    shut = page.locator("[data-row] [aria-expanded=false]")
    while shut.count():
        shut.first.click()


def faults(page: Page) -> list[str]:
    """Return a sentence for everything on the painted page that a viewer would call broken."""
    found: list[str] = page.evaluate(_FAULTS)
    return found


def picture(page: Page, address: str, target: Path | None) -> list[str]:
    """Draw one dashboard, keep its picture and return what is wrong with it."""
    console: list[str] = []

    def listen(message: object) -> None:
        if getattr(message, "type", "") in {"error", "warning"}:
            console.append(f"console: {getattr(message, 'text', message)}")

    page.on("console", listen)
    _resize(page, _HEIGHT)
    page.goto(address)
    late = not wait_until_painted(page)
    open_rows(page)
    late = not wait_until_painted(page) or late
    # As high as the page: what is drawn only when it is seen is drawn too.
    _resize(page, page.evaluate("() => document.documentElement.scrollHeight"))
    late = not wait_until_painted(page) or late
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target)
    found = [*(["not everything was painted in time"] if late else []), *faults(page), *console]
    page.remove_listener("console", listen)
    return found


def _resize(page: Page, height: int) -> None:
    assert page.viewport_size is not None
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; returns 1 when something on them is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", required=True, help="address that the preview printed")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--theme", choices=["dark", "light"], default="dark")
    parser.add_argument("--lang", choices=["en", "pl"], default="en")
    parser.add_argument("--from", dest="since", default="", help="such as now-6h")
    parser.add_argument("--to", default="")
    parser.add_argument("--width", type=int, default=_WIDTH)
    parser.add_argument("uid", nargs="*")
    options = parser.parse_args(arguments)
    wanted = {"lang": options.lang, "theme": options.theme, "refresh": ""}
    wanted |= {"from": options.since} if options.since else {}
    wanted |= {"to": options.to} if options.to else {}
    base = options.url.rstrip("/")
    with urlopen(f"{base}/api/dashboards?lang={options.lang}") as answer:
        uids = options.uid or [board["uid"] for board in json.load(answer)]
    wrong = False
    with browser_page(options.theme, options.width) as page:
        for uid in uids:
            target = options.out / f"{uid}-{options.lang}-{options.theme}.png"
            found = picture(page, f"{base}/d/{uid}?{urlencode(wanted)}", target)
            wrong = wrong or bool(found)
            print(target, *found, sep="\n  ", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
