from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from millrace.clickhouse.retention import EXPIRING, days_kept, expiry, ttl
from millrace.schemas.errors import ConfigurationError
from millrace.streams.settings import RetentionSettings

RETENTION = RetentionSettings().model_dump()


def test_settings_name_every_table_that_expires() -> None:
    assert set(RETENTION) == set(EXPIRING)


@pytest.mark.requirement("GAME-32", "IDENT-15", "IDENT-16", "WEBAPP-43", "WEBAPP-49", "METRIC-51")
@pytest.mark.parametrize(
    ("table", "retention_class", "days"),
    [
        ("events", "default", 30),
        ("events", "game", 2),
        ("events", "webapp", 7),
        ("events", "unheard_of", 30),
        ("rollup_1m", "game", 14),
        ("rollup_1h", "game", 90),
        ("rollup_1h", "webapp", 90),
        ("rollup_1d", "game", 365),
        ("rollup_1d", "default", 400),
    ],
)
def test_days_kept(table: str, retention_class: str, days: int) -> None:
    assert days_kept(RETENTION, table, retention_class) == days


def test_a_whole_day_expires_at_midnight() -> None:
    retention = {"events": {"default": 30, "game": 2}}
    assert expiry(retention, "events", "game", date(2026, 3, 1)) == datetime(2026, 3, 4, tzinfo=UTC)


def test_ttl_looks_the_class_up() -> None:
    days = {"events": {"game": 2, "default": 30, "a": 1}, "dead_letters": {"default": 5, "game": 1}}
    assert ttl(days, "events") == (
        "toStartOfDay(occurred_at) + toIntervalDay("
        "multiIf(retention_class = 'a', 2, retention_class = 'game', 3, 31))"
    )
    assert ttl(days, "dead_letters") == "toStartOfDay(received_at) + toIntervalDay(6)"


@pytest.mark.parametrize("days", [{"game": 2}, {"default": 0}, {"default": 1, "x'": 2}])
def test_unusable_retention_is_refused(days: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="events"):
        ttl({"events": days}, "events")
