"""The page without Node: a menu, one dashboard as tables, every value escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from preview_boards import boards

from millrace.grafana.preview.plain_page import plain_page

FIELDS = [
    {"name": "time", "type": "time", "values": [1795174200000]},
    {"name": "orders", "type": "number", "values": [2.5], "labels": {"product": "<mill>"}},
]


class Answers:
    """Gives every query the same answer and keeps which panels asked."""

    def __init__(self, **answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, uid: str, panel: str, ref: str) -> Mapping[str, Any]:
        self.asked.append(f"{uid}/{panel}/{ref}")
        return self.answer


def draw(
    uid: str | None = "shop",
    language: str = "en",
    answers: Answers | None = None,
    **given: list[str],
) -> str:
    listed = list(boards(language).values())
    return plain_page(listed, uid, given, answers or Answers(frames=[{"fields": FIELDS}]))


def test_the_menu_leads_to_every_dashboard_with_what_was_chosen() -> None:
    chosen = {"lang": ["en"], "var-tenant": ["a&b"]}
    page = plain_page(list(boards().values()), "shop", chosen, Answers(frames=[]))
    assert '<a href="/d/shop?lang=en&amp;var-tenant=a%26b" aria-current="page">Shop</a>' in page
    assert '<a href="/d/detail?lang=en&amp;var-tenant=a%26b">Detail</a>' in page
    assert '<a href="/d/shop?lang=pl&amp;var-tenant=a%26b">pl</a>' in page
    assert "from=now-15m&amp;to=now" in page


def test_the_language_is_the_addresss() -> None:
    assert '<html lang="en"><head><meta charset="utf-8"><title>Shop</title>' in draw()
    assert '<html lang="pl"><head><meta charset="utf-8"><title>Sklep</title>' in draw(
        language="pl", lang=["pl"]
    )


def test_without_a_name_it_is_the_first_one() -> None:
    assert "<h1>Shop</h1>" in draw(None)


def test_a_name_that_there_is_not_is_told_below_the_menu() -> None:
    page = draw("nope")
    assert "There is no dashboard of that name" in page
    assert 'href="/d/shop"' in page


def test_values_are_escaped_and_times_are_readable() -> None:
    page = draw()
    assert "<tr><td>&lt;mill&gt;</td><td>2.5</td></tr>" in page
    assert "<mill>" not in page
    assert "&lt;b&gt;not bold&lt;/b&gt;" in page
    assert "<td>2026-11-20 11:30:00</td>" in page


def test_errors_and_emptiness_stay_in_their_panels() -> None:
    assert '<p class="error">&lt;gone&gt;</p>' in draw(answers=Answers(error="<gone>"))
    assert "<p>Nothing here</p>" in draw(answers=Answers(frames=[]))


@pytest.mark.requirement("GAME-41")
def test_a_shut_row_asks_for_nothing_until_it_is_opened() -> None:
    answers = Answers(frames=[])
    page = draw(answers=answers)
    assert "shop/9/A" not in answers.asked
    assert '<h2><a href="/d/shop?rows=102">Details</a></h2>' in page
    page = draw(answers=answers, rows=["102"])
    assert "shop/9/A" in answers.asked
    assert '<h2><a href="/d/shop" aria-current="page">Details</a></h2>' in page


@pytest.mark.parametrize(("refresh", "expected"), [("1m", 'content="60"'), ("", None)])
def test_it_refreshes_as_the_dashboard_says(refresh: str, expected: str | None) -> None:
    board = json.loads(json.dumps(boards()["shop"])) | {"refresh": refresh}
    page = plain_page([board], "shop", {}, Answers(frames=[]))
    assert ("http-equiv" in page) == (expected is not None)
    assert expected is None or expected in page
