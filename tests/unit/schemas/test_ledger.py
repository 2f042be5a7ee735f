from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from millrace.schemas.ledger import LedgerRow
from millrace.schemas.moment import EPOCH

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ledger_row(**fields: Any) -> LedgerRow:
    return LedgerRow.model_validate(
        {
            "log": "5f0f7c8e",
            "topic": "telemetry.events",
            "partition": 3,
            "first_offset": 100,
            "end_offset": 110,
            "delivered": 9,
            "stored": 6,
            "rejected": 2,
            "duplicate": 1,
            "first_day": date(2026, 2, 28),
            "last_day": date(2026, 3, 1),
            "catalogue": "ab" * 32,
            "flushed_at": NOON,
            **fields,
        }
    )


def test_it_survives_the_round_trip() -> None:
    assert LedgerRow.model_validate_json(ledger_row().model_dump_json()) == ledger_row()


def test_times_come_out_in_utc() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    assert ledger_row(flushed_at=there).model_dump(mode="json")["flushed_at"] == (
        "2026-03-01T12:00:00Z"
    )


def test_it_is_closed_and_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        ledger_row(lost=1)
    with pytest.raises(ValidationError, match="frozen"):
        ledger_row().stored = 1  # type: ignore[misc]


def test_a_range_without_events_spans_the_epoch() -> None:
    row = ledger_row(
        stored=0, rejected=9, duplicate=0, first_day=EPOCH.date(), last_day=EPOCH.date()
    )
    assert row.first_day == row.last_day == date(1970, 1, 1)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"end_offset": 100, "delivered": 0}, id="empty range"),
        pytest.param({"delivered": 10}, id="not the sum"),
        pytest.param({"end_offset": 108}, id="more than the range"),
        pytest.param({"last_day": date(2026, 2, 1)}, id="days reversed"),
        pytest.param({"catalogue": "none"}, id="no fingerprint"),
        pytest.param({"flushed_at": NOON.replace(tzinfo=None)}, id="naive time"),
    ],
)
def test_it_must_add_up(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ledger_row(**fields)
