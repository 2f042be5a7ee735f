from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from millrace.schemas.window import Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


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


def test_it_survives_the_round_trip() -> None:
    assert Window.model_validate_json(window().model_dump_json()) == window()


def test_it_is_closed_and_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        window(average=1.3)
    with pytest.raises(ValidationError, match="frozen"):
        window().count = 1  # type: ignore[misc]


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
def test_it_must_add_up(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        window(**fields)
