"""A viewer's choices: what is taken, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from millrace.grafana.dashboards.pipeline_overview import UID
from millrace.grafana.generated import dashboards
from millrace.grafana.preview.choices import ChoiceError, Choices, choices

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def read(**given: Any) -> Choices:
    asked = {
        key.replace("_", "-"): value if isinstance(value, list) else [value]
        for key, value in given.items()
    }
    return choices(dashboards()[UID], asked, NOW)


def test_nothing_given_means_the_dashboards_own() -> None:
    chosen = read()
    assert (chosen.start, chosen.end) == (NOW - timedelta(hours=1), NOW)
    assert chosen.points is None
    assert chosen.values == {"tenant": ["$__all"]}


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("now-90s", NOW - timedelta(seconds=90)),
        ("now-15m", NOW - timedelta(minutes=15)),
        ("now-6h", NOW - timedelta(hours=6)),
        ("now-7d", NOW - timedelta(days=7)),
        ("now-2w", NOW - timedelta(weeks=2)),
        ("1795174200250", datetime(2026, 11, 20, 11, 30, 0, 250_000, UTC)),
    ],
)
def test_range_forms(text: str, start: datetime) -> None:
    assert read(**{"from": text}).start == start


def test_values_and_points() -> None:
    chosen = read(var_tenant=["a", "b"], points="100")
    assert chosen.values == {"tenant": ["a", "b"]}
    assert chosen.points == 100
    assert read(var_datasource="anything").values == {"tenant": ["$__all"]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"from": "yesterday"}, "must be milliseconds"),
        ({"from": "now-1h; DROP TABLE events"}, "must be milliseconds"),
        ({"from": "now-99999w"}, "must be milliseconds"),
        ({"from": "now", "to": "now-1h"}, "before its end"),
        ({"from": "now", "to": "now"}, "before its end"),
        ({"from": "now-500d"}, "at most"),
        ({"points": "0"}, "between 1 and"),
        ({"points": "99999"}, "between 1 and"),
        ({"points": "many"}, "between 1 and"),
        ({"var_host": "a"}, "no variable of that name"),
        ({"var_tenant": ["a"] * 201}, "too many"),
        ({"var_tenant": "a" * 257}, "too long"),
    ],
)
def test_what_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ChoiceError, match=message):
        read(**given)
