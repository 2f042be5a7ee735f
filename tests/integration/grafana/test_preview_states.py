"""Rows, states, refresh, the keyboard and narrow screens on the preview page, in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from preview_boards import ShopStore
from preview_steps import RANGE, choose_range, given, options_of, panel, reach, visit

# The first build fetches packages, and two cores are shared by every test.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


#: WCAG's ratio of each text with its own background, 4.5 at least; panels paint what JSON says.
_CONTRAST = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0.9) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const ratio = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const ours = 'header, .row-title, .message, [data-type=text], [data-panel] h2, [role=columnheader]';
  return [...document.querySelectorAll(ours)].flatMap((part) => [part, ...part.querySelectorAll('*')])
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
    .map((one) => [one.textContent.slice(0, 40), ratio(getComputedStyle(one).color, behind(one))])
    .filter(([, found]) => found < 4.5);
}"""  # noqa: E501


@pytest.mark.requirement("GAME-41")
def test_a_shut_row_asks_for_nothing_until_it_is_opened(
    page: Page, shop_url: str, shop: ShopStore
) -> None:
    visit(page, f"{shop_url}/d/shop")
    assert shop.asked_for("inside") == shop.asked_for("inside")[:1]  # the panel below the row
    expect(panel(page, 9)).to_have_count(0)
    before = panel(page, 11).bounding_box()
    button = page.get_by_role("button", name="Details", exact=True)
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(panel(page, 9)).to_contain_text("5")
    after = panel(page, 11).bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] - before["y"] == 8 * 38
    assert given(page)["rows"] == ["102"]
    page.get_by_role("button", name="Now", exact=True).click()
    expect(panel(page, 1)).to_have_count(0)
    shop.asked.clear()
    page.get_by_role("button", name="Refresh", exact=True).click()
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    page.wait_for_function("() => !document.querySelector('main[aria-busy=true]')")
    assert shop.asked_for("orders WHERE") == []


@pytest.mark.requirement("GAME-53")
def test_an_empty_panel_fills_without_a_reload(page: Page, shop_url: str, shop: ShopStore) -> None:
    visit(page, f"{shop_url}/d/shop")
    expect(panel(page, 7)).to_contain_text("Nothing here")
    shop.something = True
    page.get_by_role("button", name="Refresh", exact=True).click()
    expect(panel(page, 7)).to_contain_text("42")


def test_dragging_over_a_chart_chooses_that_stretch(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop?{RANGE}")
    over = panel(page, 5).locator(".u-over").bounding_box()
    assert over is not None
    page.mouse.move(over["x"] + over["width"] * 0.25, over["y"] + 40)
    page.mouse.down()
    page.mouse.move(over["x"] + over["width"] * 0.75, over["y"] + 60, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=2026-11-20T12%3A07"))
    assert given(page)["to"][0].startswith("2026-11-20T12:22")


def test_a_click_in_the_legend_shows_that_series_alone(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop?{RANGE}")
    chart = panel(page, 5)
    drawn = "() => document.querySelector('[data-panel=\"5\"] canvas').toDataURL()"
    before = page.evaluate(drawn)
    chart.get_by_text("mill", exact=True).click()
    page.wait_for_function(f"(before) => ({drawn})() !== before", arg=before, polling=200)
    chart.get_by_text("mill", exact=True).click()
    page.wait_for_function(f"(before) => ({drawn})() === before", arg=before, polling=200)


def test_one_failing_query_leaves_the_others_alone(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop")
    expect(page.locator('[data-message="error"]')).to_have_count(1)
    expect(panel(page, 8).get_by_role("alert")).to_have_text("Unknown table failing")


def test_a_store_that_is_away_is_told_and_comes_back(
    page: Page, shop_url: str, shop: ShopStore
) -> None:
    shop.away = True
    visit(page, f"{shop_url}/d/shop")
    expect(panel(page, 1)).to_contain_text("The store did not answer")
    expect(panel(page, 4)).to_contain_text("Read me")
    shop.away = False
    page.get_by_role("button", name="Refresh", exact=True).click()
    expect(panel(page, 1)).to_contain_text("1.23")


@pytest.mark.requirement("GAME-38", "IDENT-33", "IDENT-34")
def test_it_refreshes_while_it_is_seen_by_hand_and_not_at_all_when_off(
    page: Page, shop_url: str, shop: ShopStore
) -> None:
    page.clock.install()
    page.goto(f"{shop_url}/d/shop")
    asked = page.locator("main")
    expect(panel(page, 1)).to_contain_text("1.23")

    def rounds(milliseconds: int) -> int:
        expect(asked).to_have_attribute("aria-busy", "false")
        shop.asked.clear()
        page.clock.run_for(milliseconds)
        page.wait_for_load_state("networkidle")
        return len(shop.asked_for("orders WHERE"))

    assert rounds(60_000) == 0
    page.get_by_label("Refresh every").select_option("10s")
    assert given(page)["refresh"] == ["10s"]
    assert rounds(10_500) == 1
    page.evaluate(
        "() => Object.defineProperty(document, 'hidden', { value: true, configurable: true })"
    )
    assert rounds(60_000) == 0
    page.evaluate("() => { delete document.hidden; }")
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    assert rounds(0) >= 0
    expect(panel(page, 1)).to_contain_text("1.23")
    page.get_by_label("Refresh every").select_option("")
    assert rounds(60_000) == 0
    page.get_by_role("button", name="Refresh", exact=True).click()
    page.wait_for_load_state("networkidle")
    assert len(shop.asked_for("orders WHERE")) == 1


@pytest.mark.requirement("IDENT-31")
def test_a_shared_address_shows_the_same(page: Page, shop_url: str, browser: Browser) -> None:
    visit(page, f"{shop_url}/d/shop")
    choose_range(page, "Last 15 minutes")
    options_of(page, "tenant").filter(has_text="acme").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Details", exact=True).click()
    page.get_by_role("button", name="Light theme").click()
    page.get_by_label("Refresh every").select_option("1m")
    expect(panel(page, 1)).to_contain_text("7")
    other = browser.new_page(viewport={"width": 1600, "height": 2000})
    visit(other, page.url)
    for number in (1, 9):
        expect(panel(other, number)).to_have_text(
            panel(page, number).inner_text().replace("\n", "")
        )
    expect(other.get_by_role("button", name=re.compile("^Time range"))).to_have_text(
        "Last 15 minutes"
    )
    expect(other.get_by_label("Refresh every")).to_have_value("1m")
    expect(other.get_by_role("button", name="Dark theme")).to_be_visible()
    other.close()


def test_the_menu_keeps_the_range_and_the_variables_that_the_other_has(
    page: Page, shop_url: str
) -> None:
    visit(page, f"{shop_url}/d/shop?from=now-15m&to=now&var-product=race&var-tenant=acme")
    page.get_by_role("button", name=re.compile("^Dashboards")).click()
    menu = page.get_by_role("navigation", name="Dashboards")
    expect(menu.get_by_role("link")).to_have_text(["Detail", "Shop"])
    expect(menu.locator("[aria-current=page]")).to_have_text("Shop")
    menu.get_by_role("link", name="Detail").click()
    expect(panel(page, 1)).to_contain_text("race")
    found = given(page)
    assert (found["from"], found["var-product"]) == (["now-15m"], ["race"])
    assert "var-tenant" not in found


def test_a_dashboard_that_is_not_there_is_told_with_the_menu(page: Page, shop_url: str) -> None:
    page.goto(f"{shop_url}/d/nope")
    expect(page.locator('[data-message="error"]')).to_have_text(
        "There is no dashboard of that name"
    )
    page.get_by_role("button", name=re.compile("^Dashboards")).click()
    page.get_by_role("link", name="Shop").click()
    expect(page.locator("h1")).to_have_text("Shop")


def test_the_keyboard_alone_is_enough(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop")
    reach(page, page.get_by_role("button", name=re.compile("^Time range")))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("button", name="Last 24 hours"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Time range"))).to_be_focused()
    assert given(page)["from"] == ["now-24h"]
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="Time range")).to_have_count(0)
    reach(page, page.get_by_label("Refresh every"))
    page.keyboard.press("ArrowDown")
    assert given(page)["refresh"] == ["10s"]
    reach(page, page.get_by_role("button", name="Polski"))
    reach(page, page.locator('[data-variable="product"] input'))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    reach(page, panel(page, 1).get_by_role("link"))
    reach(page, panel(page, 5).get_by_role("button", name="Links"))
    reach(page, page.get_by_role("button", name="Details", exact=True))
    page.keyboard.press("Space")
    expect(panel(page, 9)).to_contain_text("5")
    page.evaluate("() => document.activeElement.blur()")
    page.goto(f"{shop_url}/d/shop")
    reach(page, page.get_by_role("button", name=re.compile("^Dashboards")))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("link", name="Detail", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Detail")


def test_a_narrow_screen_has_one_panel_a_line(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop")
    page.set_viewport_size({"width": 600, "height": 2000})
    page.wait_for_function("() => document.querySelector('[data-panel=\"1\"]').offsetWidth > 500")
    lefts = page.evaluate(
        "() => [...document.querySelectorAll('[data-panel]')]"
        ".map((panel) => panel.getBoundingClientRect().left)"
    )
    assert set(lefts) == {8}
    assert page.evaluate("() => document.documentElement.scrollWidth") == 600


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_control_has_a_name_and_every_text_enough_contrast(
    page: Page, shop_url: str, theme: str
) -> None:
    visit(page, f"{shop_url}/d/shop?theme={theme}")
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('button, select, input, a[href]')].filter((one) =>"
        " one.offsetParent && !(one.ariaLabel || one.textContent.trim() || one.title"
        " || one.labels?.length)).map((one) => one.outerHTML)"
    )
    assert unnamed == []
    weak = page.evaluate(_CONTRAST)
    assert weak == []
