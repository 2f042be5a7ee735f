"""The committed pages that tools write are what the tools write now."""

from __future__ import annotations

import pytest
import requirement_map
import settings_page
from repository import REPO

HINT = "run `make requirements` and commit what it writes"


@pytest.mark.drift
def test_requirement_map_is_fresh() -> None:
    assert (REPO / requirement_map.PAGE).read_text() == requirement_map.build(), HINT


@pytest.mark.drift
def test_settings_page_is_fresh() -> None:
    assert (REPO / settings_page.PAGE).read_text() == settings_page.build(), HINT


def test_every_setting_says_what_it_means() -> None:
    rows = [row for _, _, rows in settings_page.sections() for row in rows]
    found = [row.variable for row in rows if not row.meaning]
    assert not found, "\n".join(found)


def test_screens_exist() -> None:
    screens = requirement_map.read_plan().screens
    found = [path for path in screens if not (REPO / path).is_file()]
    assert not found, "\n".join(found)
