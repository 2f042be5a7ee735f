"""What a viewer chooses on the preview page: range, variables, language, theme, links, menu."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from preview_boards import ShopStore
from preview_steps import RANGE, board_of, choose_range, given, options_of, panel, visit
from screenshots import wait_until_painted

# The first build fetches packages, and two cores are shared by every test.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def test_every_kind_of_panel_is_drawn(page: Page, shop_url: str, console: list[str]) -> None:
    visit(page, f"{shop_url}/d/shop?{RANGE}")
    expect(panel(page, 1)).to_contain_text("1.23")
    expect(panel(page, 2)).to_contain_text("Stock of Mill")
    expect(panel(page, 3).locator("svg[role=img] path")).to_have_count(2)
    expect(panel(page, 3)).to_contain_text("90.0 %")
    sent = panel(page, 3).locator("svg[role=img] path").first
    expect(sent).to_have_attribute("fill", "#22c55e")
    assert panel(page, 5).locator("canvas").bounding_box()
    expect(panel(page, 7)).to_contain_text("Nothing here")
    expect(panel(page, 8)).to_contain_text("Unknown table failing")
    assert console == ["Failed to load resource: the server responded with a status of"
                       " 502 (Bad Gateway)"]  # fmt: skip


def test_words_are_marked_down_and_never_html(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop?from=now-15m&to=now&var-product=a(b)+%26+c")
    words = panel(page, 4)
    expect(words.locator("li")).to_have_text(["one", "two"])
    expect(words.get_by_role("heading", name="Read me")).to_be_visible()
    expect(words).to_contain_text("<b>not bold</b>")
    words.get_by_role("link", name="details").click()
    expect(page.locator("h1")).to_have_text("Detail")
    found = given(page)
    assert (found["from"], found["var-product"]) == (["now-15m"], ["a(b) & c"])


def test_a_dashboards_own_links_keep_range_and_variables(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop?from=now-15m&to=now&var-product=mill&var-order=size")
    own = page.get_by_role("navigation", name="Shop").get_by_role("link")
    expect(own).to_have_text(["To the detail"])
    own.click()
    expect(page.locator("h1")).to_have_text("Detail")
    found = given(page)
    assert (found["from"], found["var-product"]) == (["now-15m"], ["mill"])
    assert "var-order" not in found


def test_a_table_shows_what_its_overrides_say(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop")
    table = panel(page, 6)
    heads = table.get_by_role("columnheader")
    expect(heads).to_have_text(["product", "orders", "share", "state"])
    expect(table.get_by_role("gridcell", name="fine").first).to_be_visible()
    expect(table.get_by_role("gridcell").first).to_have_text("mill")
    heads.nth(1).get_by_role("button").click()
    heads.nth(1).get_by_role("button").click()
    expect(table.get_by_role("gridcell").first).to_have_text("race & wheel")


@pytest.mark.requirement("GAME-42")
def test_quick_ranges_are_offered_in_order_and_the_chosen_one_is_marked(
    page: Page, shop_url: str, shop: ShopStore
) -> None:
    visit(page, f"{shop_url}/d/shop")
    button = page.get_by_role("button", name=re.compile("^Time range"))
    expect(button).to_have_text("Last 1 hour")
    button.click()
    listed = page.get_by_role("group", name="Time range").locator("button.choice")
    expect(listed).to_have_text(["Last 15 minutes", "Last 1 hour", "Last 24 hours"])
    expect(page.locator("button.choice[aria-current=true]")).to_have_text("Last 1 hour")
    shop.asked.clear()
    listed.nth(2).click()
    expect(button).to_have_text("Last 24 hours")
    assert given(page)["from"] == ["now-24h"]
    assert wait_until_painted(page)
    assert shop.asked_for("orders_over_time")


@pytest.mark.requirement("GAME-42")
def test_a_range_that_is_not_known_is_the_dashboards_own(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop?from=last-week&to=now")
    expect(page.get_by_role("button", name=re.compile("^Time range"))).to_have_text("Last 1 hour")
    expect(panel(page, 1)).to_contain_text("1.23")


@pytest.mark.requirement("GAME-43")
def test_a_range_of_ones_own_is_utc_and_applies_once_both_ends_are_given(
    page: Page, shop_url: str, shop: ShopStore
) -> None:
    visit(page, f"{shop_url}/d/shop")
    page.get_by_role("button", name=re.compile("^Time range")).click()
    shop.asked.clear()
    page.locator("input[name=from]").fill("2026-11-20T12:00")
    page.locator("input[name=to]").fill("")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert").first).to_have_text("Give both ends of the range.")
    expect(page.locator("input[name=from]")).to_have_value("2026-11-20T12:00")
    assert shop.asked == []
    page.locator("input[name=to]").fill("2026-11-20T11:00")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert").first).to_have_text("The start must lie before the end.")
    page.locator("input[name=to]").fill("2026-11-20T12:30")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name=re.compile("^Time range"))).to_contain_text(
        "2026-11-20 12:00 – 2026-11-20 12:30 UTC"
    )
    assert given(page)["to"] == ["2026-11-20T12:30:00.000Z"]
    choose_range(page, "Last 15 minutes")
    assert given(page)["from"] == ["now-15m"]


def test_a_variable_changes_the_figures_and_what_depends_on_it(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop")
    options_of(page, "tenant").filter(has_text="acme").click()
    expect(panel(page, 1)).to_contain_text("7")
    assert given(page)["var-tenant"] == ["acme"]
    # The first product of all tenants is not one of this tenant's.
    expect(page.locator('[data-variable="product"] input')).to_have_value("Race & wheel")
    expect(panel(page, 2)).to_contain_text("Stock of Race & wheel")


def test_lists_and_free_text_reach_the_query_and_hidden_ones_stay_out_of_sight(
    page: Page, shop_url: str, shop: ShopStore
) -> None:
    visit(page, f"{shop_url}/d/shop")
    expect(page.locator("[data-variable]")).to_have_count(4)
    options_of(page, "order").filter(has_text="By size").click()
    note = page.get_by_label("Note")
    note.fill("it's \\ here")
    note.press("Enter")
    expect(page).to_have_url(re.compile("var-note"))
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    assert wait_until_painted(page)
    assert shop.asked_for("orders_over_time")[-1].endswith(r"'size' 'it\'s \\ here' 'on'")


@pytest.mark.requirement("GAME-40")
def test_names_and_values_of_another_dashboard_are_ignored(
    page: Page, shop_url: str, shop: ShopStore
) -> None:
    visit(page, f"{shop_url}/d/shop?var-host=a&var-order=weight&rows=999&tab=nope&refresh=7s")
    expect(page.locator('[data-variable="order"] input')).to_have_value("By name")
    expect(panel(page, 1)).to_contain_text("1.23")
    assert "'name'" in shop.asked_for("orders_over_time")[-1]
    visit(page, f"{shop_url}/d/detail?var-product=$__all")
    expect(panel(page, 1)).to_contain_text("Product Mill")


def test_the_theme_is_switched_and_stays_in_the_address(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop")
    background = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.get_by_role("button", name="Light theme").click()
    page.wait_for_function(f"({background})() !== '{dark}'")
    assert given(page)["theme"] == ["light"]
    page.reload()
    assert wait_until_painted(page)
    assert page.evaluate(background) != dark
    expect(page.get_by_role("button", name="Dark theme")).to_be_visible()


def test_the_language_is_switched_and_no_link_loses_it(page: Page, shop_url: str) -> None:
    visit(page, f"{shop_url}/d/shop?theme=light")
    page.get_by_role("button", name="Polski").click()
    expect(page.locator("h1")).to_have_text("Sklep")
    expect(page.locator("html")).to_have_attribute("lang", "pl")
    expect(page.get_by_role("button", name=re.compile("^Zakres czasu"))).to_be_visible()
    assert wait_until_painted(page)
    expect(panel(page, 7)).to_contain_text("Nic tu")
    panel(page, 1).get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("Szczegóły")
    assert (given(page)["lang"], given(page)["theme"]) == (["pl"], ["light"])


@pytest.mark.parametrize(
    ("number", "link", "wanted"),
    [
        pytest.param(1, "", {"from": "now-15m", "var-tenant": "acme"}, id="a number"),
        pytest.param(6, "race & wheel", {"from": "now-15m", "var-product": "race & wheel"},
                     id="a cell"),
        pytest.param(5, "Of race & wheel", {"var-product": "race & wheel"}, id="a series"),
    ],
)  # fmt: skip
def test_a_link_leads_into_the_detail_with_what_it_says(
    page: Page, shop_url: str, console: list[str], number: int, link: str, wanted: dict[str, str]
) -> None:
    visit(page, f"{shop_url}/d/shop?from=now-15m&to=now&var-tenant=acme")
    loaded = page.evaluate("() => { window.loadedOnce = true }")
    assert loaded is None
    console.clear()
    if number == 5:
        panel(page, 5).get_by_role("button", name="Links").click()
        page.get_by_role("menuitem", name=link).click()
    else:
        panel(page, number).get_by_role("link", name=link).click()
    expect(page.locator("h1")).to_have_text("Detail")
    assert board_of(page) == "/d/detail"
    found = given(page)
    assert {name: found[name] for name in wanted} == {name: [text] for name, text in wanted.items()}
    assert page.evaluate("() => window.loadedOnce") is True
    if "var-product" in wanted:
        expect(panel(page, 1)).to_contain_text("race & wheel")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Shop")
    assert console == [] or all("502" in line for line in console)
