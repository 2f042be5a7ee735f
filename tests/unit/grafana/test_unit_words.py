"""Every unit that a chart's axis has is written in words."""

from __future__ import annotations

import pytest

from millrace.grafana import lint, unit_words
from millrace.grafana.foundation import units
from millrace.grafana.generated import dashboards


@pytest.mark.requirement("METRIC-70")
def test_the_axes_of_all_charts_have_words() -> None:
    used = {
        panel["fieldConfig"]["defaults"]["unit"]
        for board in dashboards().values()
        for panel in lint.panels(board)
        if panel["type"] == "timeseries"
    }
    assert used
    assert {unit for unit in used if not unit_words.word(unit)} == set()


def test_words_are_of_known_units_and_no_symbols() -> None:
    assert set(unit_words.WORDS) <= lint.UNITS
    for word in unit_words.WORDS.values():
        assert word == word.strip().lower()
        assert word.replace(" ", "").isalpha()


def test_a_unit_without_words_has_none() -> None:
    assert unit_words.word(units.DatetimeISONotToday) == ""
    assert unit_words.word(units.Milliseconds) == "milliseconds"
