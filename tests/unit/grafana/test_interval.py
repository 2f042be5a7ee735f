"""Bucket widths as Grafana chooses them; the expected ones were taken from @grafana/data 13.2.2."""

from __future__ import annotations

import pytest

from millrace.grafana.interval import interval, milliseconds
from millrace.grafana.sql_text import MacroError

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("span", "points", "minimum", "expected"),
    [
        (HOUR, 500, "", 5_000),
        (HOUR, 500, "10s", 10_000),
        (HOUR, 500, "1m", 60_000),
        (HOUR // 4, 1000, "", 1_000),
        (24 * HOUR, 500, "1m", 120_000),
        (7 * 24 * HOUR, 500, "1m", 1_200_000),
        (30 * 24 * HOUR, 500, "1m", HOUR),
        (HOUR, 1_000_000, "", 1),
        (400 * 24 * HOUR, 1, "", 365 * 24 * HOUR),
    ],
)
def test_interval(span: int, points: int, minimum: str, expected: int) -> None:
    assert interval(span, points, minimum) == expected


def test_a_period_without_a_unit_is_refused() -> None:
    with pytest.raises(MacroError, match="not a number with"):
        milliseconds("10")
