from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from millrace.schemas.errors import ConfigurationError
from millrace.streams.letters import Filters, since

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("12h", NOW - timedelta(hours=12)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-20T11:00:00Z", NOW - timedelta(hours=1)),
        ("2026-11-20T12:00:00+02:00", NOW - timedelta(hours=2)),
        ("2026-11-20", NOW - timedelta(hours=12)),
    ],
)
def test_times(text: str, moment: datetime | None) -> None:
    assert since(text, NOW) == moment


@pytest.mark.parametrize("text", ["yesterday", "7w", "-1d", "999999999d", "1d'; DROP", "٣d"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a time"):
        since(text, NOW)


def test_no_filter_chooses_by_nothing() -> None:
    assert set(Filters().parameters().values()) == {"", 0}
