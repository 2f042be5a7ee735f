"""The examples in the documentation are run: a reader copies them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from millrace.schemas import catalogue_tables, limits
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.event import Event
from millrace.schemas.reasons import Reason
from millrace.schemas.window import Window
from millrace.streams.window_merge import merge

DOCS = Path(__file__).parents[2] / "docs"


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL)


def rows(page: str) -> set[str]:
    """Return what stands in backticks in the first column of every table."""
    cells = re.findall(r"^\| (`.*?) \|", text(page), re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`(.+?)`", cell)}


def test_the_events_of_the_page_decode() -> None:
    smallest, large = [Event.model_validate(json.loads(one)) for one in blocks("events.md", "json")]
    assert smallest.measurements == {"count": 1}
    assert large.measurements == {"items": 3, "seconds": 1.5}
    assert large.occurred_at.hour == 14


def test_the_window_of_the_page_is_one_and_tail_shows_what_the_page_says() -> None:
    stored, shown = blocks("windows.md", "json")
    window = Window.model_validate_json(stored)
    assert f"{int(window.start.timestamp())}]`" in text("windows.md")
    assert list(merge([window]).as_dict()) == list(json.loads(shown))


def test_the_page_names_every_field_and_reason() -> None:
    assert rows("events.md") == {*Event.model_fields, "value", *Reason}


@pytest.mark.parametrize(
    "figure",
    [
        f"1 to {limits.NAME_LENGTH} ",
        f"at most {limits.AHEAD_SECONDS // 60} minutes ahead, {limits.AGE_SECONDS // 86_400} days",
        f"at most {limits.TAGS}, key {limits.TAG_KEY_LENGTH}, value {limits.TAG_VALUE_LENGTH} ",
        f"at most {limits.ATTRIBUTES}, {limits.ATTRIBUTE_LENGTH:,} characters",
        f"at most {limits.MEASUREMENTS}, finite",
        f"more than {limits.EVENT_BYTES // 1024} KiB",
    ],
)
def test_the_page_says_the_limits(figure: str) -> None:
    assert figure in text("events.md")


@pytest.mark.requirement("GAME-05")
def test_the_catalogue_files_of_the_page_load(tmp_path: Path) -> None:
    paths = []
    for number, contents in enumerate(blocks("catalogue.md", "toml")):
        paths.append(tmp_path / f"{number}.toml")
        paths[-1].write_text(contents, encoding="utf-8")
    known = load_catalogue(paths)
    shop, checkout = known.resolve("any", "shop.checkout.duration")
    assert (shop.name, shop.series_budget) == ("shop", 500)
    assert checkout is not None
    assert checkout.name == "shop.checkout_time"
    assert not known.namespaces["game"].events["bezgelor.combat.damage"].tracked
    assert known.resolve("any", "bezgelor.guild.founded")[1] is not None


def test_the_page_names_every_key() -> None:
    said = rows("catalogue.md")
    assert said == {
        *catalogue_tables.NamespaceTable.model_fields,
        *catalogue_tables.EventTable.model_fields,
    }
    for key in catalogue_tables.LimitsTable.model_fields:
        assert f"`{key}`" in text("catalogue.md")
