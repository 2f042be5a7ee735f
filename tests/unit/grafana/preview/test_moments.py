"""Moments in addresses, as Grafana reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from millrace.grafana.preview.moments import moment

#: A Friday.
NOW = datetime(2026, 11, 20, 12, 34, 56, 789_000, UTC)


def at(text: str, *, is_end: bool = False, week_start: str = "sunday") -> str:
    found = moment(text, NOW, is_end=is_end, week_start=week_start)
    return found.isoformat(timespec="milliseconds").removesuffix("+00:00") if found else "none"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-20T12:34:56.789"),
        ("now-90s", "2026-11-20T12:33:26.789"),
        ("now-1y", "2025-11-20T12:34:56.789"),
        ("now-12M", "2025-11-20T12:34:56.789"),
        ("now-9M", "2026-02-20T12:34:56.789"),
        ("now+1h", "2026-11-20T13:34:56.789"),
        ("now-1d-6h", "2026-11-19T06:34:56.789"),
        ("now/d", "2026-11-20T00:00:00.000"),
        ("now-1d/d", "2026-11-19T00:00:00.000"),
        ("now/h", "2026-11-20T12:00:00.000"),
        ("now/m", "2026-11-20T12:34:00.000"),
        ("now/s", "2026-11-20T12:34:56.000"),
        ("now/w", "2026-11-15T00:00:00.000"),
        ("now/M", "2026-11-01T00:00:00.000"),
        ("now/y", "2026-01-01T00:00:00.000"),
        ("1795174200250", "2026-11-20T11:30:00.250"),
        ("2026-11-20T12:00:00.000Z", "2026-11-20T12:00:00.000"),
        ("2026-11-20 12:00", "2026-11-20T12:00:00.000"),
        ("2026-11-20", "2026-11-20T00:00:00.000"),
        ("yesterday", "none"),
        ("now-1h; DROP TABLE events", "none"),
        ("now-99999w", "none"),
        ("now-9999y", "none"),
        ("99999999999999", "5138-11-16T09:46:39.999"),
        ("999999999999999", "none"),
        ("2026-13-40", "none"),
        ("2026-11-20T12:00+05:00", "none"),
        ("", "none"),
    ],
)
def test_every_form(text: str, expected: str) -> None:
    assert at(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now/d", "2026-11-20T23:59:59.999"),
        ("now-1d/d", "2026-11-19T23:59:59.999"),
        ("now/M", "2026-11-30T23:59:59.999"),
        ("now", "2026-11-20T12:34:56.789"),
    ],
)
def test_the_end_of_a_range_is_rounded_up(text: str, expected: str) -> None:
    assert at(text, is_end=True) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [("monday", "16"), ("sunday", "15"), ("saturday", "14"), ("", "15")],
)
def test_a_week_begins_where_the_dashboard_says(start: str, expected: str) -> None:
    assert at("now/w", week_start=start) == f"2026-11-{expected}T00:00:00.000"


def test_a_month_back_from_its_last_day_is_the_shorter_months_last() -> None:
    end = datetime(2026, 3, 31, tzinfo=UTC)
    assert moment("now-1M", end, is_end=False) == datetime(2026, 2, 28, tzinfo=UTC)
