"""A viewer's choices: what is taken, what is ignored, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from preview_boards import TENANT, board

from millrace.grafana.preview.choices import ChoiceError, Choices, choices

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BOARD = board("b", "B", [], [TENANT])


def read(**given: Any) -> Choices:
    asked = {
        key.replace("_", "-"): value if isinstance(value, list) else [value]
        for key, value in given.items()
    }
    return choices(BOARD, asked, NOW)


def test_nothing_given_means_the_dashboards_own() -> None:
    chosen = read()
    assert (chosen.start, chosen.end) == (NOW - timedelta(hours=1), NOW)
    assert chosen.points is None
    assert chosen.values == {"tenant": ["$__all"]}


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        ({"from": "now-15m"}, NOW - timedelta(minutes=15), NOW),
        ({"from": "now-12M"}, NOW - timedelta(days=365), NOW),
        ({"from": "now-400d"}, NOW - timedelta(days=400), NOW),
        (
            {"from": "now-1d/d", "to": "now-1d/d"},
            datetime(2026, 11, 19, tzinfo=UTC),
            datetime(2026, 11, 20, tzinfo=UTC) - timedelta(milliseconds=1),
        ),
    ],
)
def test_ranges(given: dict[str, str], start: datetime, end: datetime) -> None:
    chosen = read(**given)
    assert (chosen.start, chosen.end) == (start, end)


@pytest.mark.requirement("GAME-42")
@pytest.mark.parametrize(
    "given",
    [{"from": "yesterday"}, {"from": "now-15m", "to": "later"}, {"from": "now-1h; DROP TABLE x"}],
)
def test_a_range_that_cannot_be_read_is_the_dashboards_own(given: dict[str, str]) -> None:
    assert read(**given) == read()


def test_a_dashboard_whose_own_range_cannot_be_read_says_so() -> None:
    broken = {**BOARD, "time": {"from": "then", "to": "now"}}
    with pytest.raises(ChoiceError, match="own range"):
        choices(broken, {}, NOW)


def test_values_and_points() -> None:
    chosen = read(var_tenant=["a", "b"], points="100", var_host="x", var_datasource="y")
    assert chosen.values == {"tenant": ["a", "b"]}
    assert chosen.points == 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"from": "now", "to": "now-1h"}, "before its end"),
        ({"from": "now", "to": "now"}, "before its end"),
        ({"from": "now-401d"}, "at most"),
        ({"points": "0"}, "between 1 and"),
        ({"points": "99999"}, "between 1 and"),
        ({"points": "many"}, "between 1 and"),
        ({"var_tenant": ["a"] * 201}, "too many"),
    ],
)
def test_what_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ChoiceError, match=message):
        read(**given)
