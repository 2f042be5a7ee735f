from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from millrace.schemas.window import LiveProgress, LiveValue, Window, WindowProgress

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERIES = {
    "tenant": "acme",
    "name": "api.requests",
    "measurement": "value",
    "tags": {"endpoint": "/api/users"},
    "log": "0123456789abcdef",
    "partition": 3,
    "through_offset": 110,
}


def window(**fields: Any) -> Window:
    return Window.model_validate(
        {
            **SERIES,
            "size": 60,
            "start": NOON,
            "count": 3,
            "sum": 4.0,
            "min": 1.0,
            "max": 2.0,
            "last": 1.0,
            "last_at": NOON + timedelta(seconds=59),
            "histogram": {16256: 2, 16384: 1},
            "final": False,
            **fields,
        }
    )


def live_value(**fields: Any) -> LiveValue:
    return LiveValue.model_validate(
        {
            **SERIES,
            "kind": "histogram",
            "value": 2.0,
            "last_at": NOON,
            "expires_at": NOON + timedelta(hours=1),
            "observations": [1.0, 2.0],
            "time_steps": [1_772_366_399_000_000, 1_000_000],
            **fields,
        }
    )


def window_progress(**fields: Any) -> WindowProgress:
    now = {"through_offset": 110, "watermark": 1_772_366_400_000_000, "too_late": {10: 2, 60: 0}}
    before = {"through_offset": 0, "watermark": None}
    made = {"log": "0123456789abcdef", "partition": 3, "now": now, "before": before}
    return WindowProgress.model_validate({**made, **fields})


RECORDS = [
    pytest.param(window(), id="window"),
    pytest.param(window_progress(), id="window progress"),
    pytest.param(live_value(), id="live value"),
    pytest.param(
        LiveProgress(log="0123456789abcdef", partition=3, through_offset=110), id="live progress"
    ),
]


@pytest.mark.parametrize("record", RECORDS)
def test_it_survives_the_round_trip(
    record: Window | WindowProgress | LiveValue | LiveProgress,
) -> None:
    assert type(record).model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("record", RECORDS)
def test_it_is_closed_and_cannot_be_changed(
    record: Window | WindowProgress | LiveValue | LiveProgress,
) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        type(record).model_validate({**record.model_dump(), "average": 1.3})
    with pytest.raises(ValidationError, match="frozen"):
        record.partition = 1


def test_what_may_be_left_out() -> None:
    least = window()
    assert (least.revision, least.late) == (0, 0)
    assert window(tags={}).tags == {}


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        pytest.param({"start": NOON.replace(second=7)}, "multiple of size", id="between windows"),
        pytest.param(
            {"start": NOON.replace(microsecond=1)}, "multiple of size", id="start with a fraction"
        ),
        pytest.param({"start": NOON.replace(tzinfo=None)}, "timezone", id="start without a zone"),
        pytest.param(
            {"last_at": NOON - timedelta(microseconds=1)}, "within the window", id="last before it"
        ),
        pytest.param(
            {"last_at": NOON + timedelta(minutes=1)}, "within the window", id="last at its end"
        ),
        pytest.param({"last": 3.0}, "between min and max", id="last above max"),
        pytest.param({"min": 3.0}, "between min and max", id="min above max"),
        pytest.param({"count": 4}, "as many values", id="histogram of another count"),
        pytest.param({"histogram": {65_536: 3}}, "65535", id="more than 16 bits"),
        pytest.param({"histogram": {16256: 3, 16384: 0}}, "greater than", id="an empty bucket"),
        pytest.param({"sum": float("inf")}, "finite", id="infinite sum"),
        pytest.param({"max": 1e39}, "1e38", id="a value too large"),
        pytest.param({"count": 0, "histogram": {}}, "greater than", id="empty window"),
        pytest.param({"late": 4}, "must not exceed", id="more late values than values"),
        pytest.param({"late": -1}, "greater than", id="fewer than no late values"),
        pytest.param({"revision": -1}, "greater than", id="revision below none"),
        pytest.param({"size": 0}, "greater than", id="no width"),
        pytest.param({"through_offset": -1}, "greater than", id="through a negative offset"),
        pytest.param({"count": "3"}, "valid integer", id="count as text"),
    ],
)
def test_a_window_must_add_up(fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        window(**fields)


def test_all_values_of_a_window_may_be_late() -> None:
    assert window(late=3).late == 3


def test_a_last_value_may_lie_at_either_end_of_a_window() -> None:
    assert window(last_at=NOON).last_at == NOON
    end = NOON + timedelta(seconds=60) - timedelta(microseconds=1)
    assert window(last_at=end).last_at == end


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        pytest.param({"time_steps": [1]}, "equally many", id="fewer times than observations"),
        pytest.param({"observations": []}, "equally many", id="times without observations"),
        pytest.param({"time_steps": [2, -1]}, "go back", id="newest first"),
        pytest.param({"observations": [1.0, 1e39]}, "1e38", id="an observation too large"),
        pytest.param({"value": float("nan")}, "finite", id="no number"),
        pytest.param({"kind": "event"}, "counter", id="a kind without a live value"),
        pytest.param({"expires_at": NOON.replace(tzinfo=None)}, "timezone", id="a local time"),
    ],
)
def test_a_live_value_must_add_up(fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        live_value(**fields)


def test_observations_of_the_same_time_are_several() -> None:
    assert live_value(time_steps=[1, 0]).times == [1, 1]


def test_a_counter_has_no_observations() -> None:
    counter = live_value(kind="counter", value=1e300, observations=[], time_steps=[])
    assert (counter.kind.value, counter.value) == ("counter", 1e300)


@pytest.mark.parametrize(
    ("now", "fault"),
    [
        pytest.param({"watermark": 1}, "required", id="no offset"),
        pytest.param({"through_offset": 1}, "required", id="no watermark"),
        pytest.param(
            {"through_offset": 1, "watermark": 0, "too_late": {10: -1}},
            "greater than",
            id="fewer than none too late",
        ),
        pytest.param({"through_offset": 1, "watermark": 0.5}, "integer", id="parts of microsecond"),
    ],
)
def test_a_partitions_progress_must_be_whole(now: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        window_progress(now=now)
