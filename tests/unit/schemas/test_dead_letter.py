from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from millrace.schemas.dead_letter import DeadLetter
from millrace.schemas.reasons import Reason


def dead_letter(**fields: Any) -> DeadLetter:
    return DeadLetter.model_validate(
        {
            "log": "5f0f7c8e",
            "topic": "telemetry.events",
            "partition": 3,
            "offset": 41,
            "received_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
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


def test_it_survives_the_round_trip() -> None:
    text = dead_letter().model_dump_json()
    assert DeadLetter.model_validate_json(text) == dead_letter()
    assert '"2026-03-01T12:00:00Z"' in text


def test_it_is_closed_and_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        dead_letter(value="secret")
    with pytest.raises(ValidationError, match="frozen"):
        dead_letter().offset = 1  # type: ignore[misc]


def test_it_names_a_reason_of_the_list() -> None:
    with pytest.raises(ValidationError):
        dead_letter(reason="bad_luck")
    assert dead_letter(reason="too_old").reason is Reason.TOO_OLD
