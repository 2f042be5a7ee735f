from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from millrace.schemas.dead_letter import DeadLetter
from millrace.schemas.ledger import LedgerRow
from millrace.schemas.reasons import Reason
from millrace.schemas.window import Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COORDINATE = {"log": "5f0f7c8e", "topic": "telemetry.events", "partition": 3}


def dead_letter(**fields: Any) -> DeadLetter:
    return DeadLetter.model_validate(
        {
            **COORDINATE,
            "offset": 41,
            "received_at": NOON,
            "tenant": "acme",
            "name": "api.requests",
            "reason": Reason.VALUE_RANGE,
            "field": "measurements.value",
            "message": "must be a finite number of magnitude at most 1e38",
            "payload": '{"name":"api.requests"}',
            "size": 96,
            **fields,
        }
    )


def ledger_row(**fields: Any) -> LedgerRow:
    return LedgerRow.model_validate(
        {
            **COORDINATE,
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


def window(**fields: Any) -> Window:
    return Window.model_validate(
        {
            "tenant": "acme",
            "name": "api.requests",
            "measurement": "value",
            "tags": {"endpoint": "/api/users"},
            "size": 60,
            "start": NOON,
            "partition": 3,
            "count": 3,
            "sum": 4.0,
            "min": 1.0,
            "max": 2.0,
            "last": 1.0,
            "histogram": {16256: 2, 16384: 1},
            "through_offset": 110,
            "final": False,
            **fields,
        }
    )


@pytest.mark.parametrize("record", [dead_letter(), ledger_row(), window()], ids=lambda r: type(r))
def test_a_record_survives_the_round_trip(record: BaseModel) -> None:
    text = record.model_dump_json()
    assert type(record).model_validate_json(text) == record
    assert "+00:00" not in text


@pytest.mark.parametrize("record", [dead_letter(), ledger_row(), window()], ids=lambda r: type(r))
def test_a_record_is_closed_and_cannot_be_changed(record: BaseModel) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        type(record).model_validate({**record.model_dump(), "other": 1})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, next(iter(type(record).model_fields)), None)


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
def test_a_ledger_row_must_add_up(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ledger_row(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"start": NOON.replace(second=7)}, id="start between windows"),
        pytest.param({"start": NOON.replace(microsecond=1)}, id="start with a fraction"),
        pytest.param({"last": 3.0}, id="last above max"),
        pytest.param({"min": 3.0}, id="min above max"),
        pytest.param({"count": 4}, id="histogram of another count"),
        pytest.param({"sum": float("inf")}, id="infinite sum"),
        pytest.param({"histogram": {65_536: 3}}, id="more than 16 bits"),
        pytest.param({"count": 0, "histogram": {}}, id="empty window"),
    ],
)
def test_a_window_must_add_up(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        window(**fields)


def test_a_dead_letter_names_a_reason_of_the_list() -> None:
    with pytest.raises(ValidationError):
        dead_letter(reason="bad_luck")
    assert dead_letter(reason="too_old").reason is Reason.TOO_OLD
