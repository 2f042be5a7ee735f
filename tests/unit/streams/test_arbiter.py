"""What the arbiter decides about one record, and how little of a refused one is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from catalogues import SMALL
from hypothesis import given
from hypothesis import strategies as st

from millrace.schemas.errors import InvalidEvent
from millrace.schemas.reasons import Reason
from millrace.streams.arbiter import Accepted, judge, overrule
from millrace.streams.refusal import Refusal

TIMESTAMP = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp() * 1000)


def verdict(**fields: Any) -> Accepted | Refusal:
    document = {"name": "a.b", "occurred_at": "2026-11-20T11:59:00.123456Z", **fields}
    return judge(json.dumps(document).encode(), TIMESTAMP, SMALL)


def accepted(**fields: Any) -> Accepted:
    found = verdict(**fields)
    assert isinstance(found, Accepted), found
    return found


def refused(**fields: Any) -> Refusal:
    found = verdict(**fields)
    assert isinstance(found, Refusal), found
    return found


@pytest.mark.requirement("METRIC-04")
def test_a_supplied_time_is_kept_to_the_microsecond() -> None:
    assert accepted().event.occurred_at == datetime(2026, 11, 20, 11, 59, 0, 123456, UTC)


@pytest.mark.requirement("GAME-02")
@pytest.mark.parametrize("name", ["", None])
def test_a_missing_name_is_named(name: str | None) -> None:
    found = refused(name=name)
    assert (found.reason, found.field, found.message) == ("invalid_field", "name", "can't be blank")


@pytest.mark.requirement("GAME-03")
@pytest.mark.parametrize("name", ["game.LOGIN", "game.login\n", "1a", "a b"])
def test_a_name_out_of_form_is_shown_as_given(name: str) -> None:
    assert refused(name=name).message == f"Invalid event_name format: {name}"


@pytest.mark.requirement("GAME-05", "IDENT-29")
@pytest.mark.parametrize("name", ["game.nobody", "game.retired", "web.other"])
def test_a_closed_namespace_takes_only_what_it_declares_and_tracks(name: str) -> None:
    found = refused(name=name)
    assert found.reason == "unknown_name"
    assert found.namespace == name.split(".")[0]


@pytest.mark.requirement("GAME-25")
def test_a_null_measurement_counts_as_zero_where_that_is_forgiven() -> None:
    found = accepted(name="game.login", measurements={"duration_ms": None})
    assert found.event.measurements == {"duration_ms": 0.0}


def test_undeclared_measurements_are_dropped_and_counted() -> None:
    found = accepted(name="game.login", measurements={"duration_ms": 3, "other": 1, "count": 2})
    assert found.event.measurements == {"count": 2.0, "duration_ms": 3.0}
    assert found.dropped == ("other",)


def test_an_event_that_loses_its_only_measurement_still_counts() -> None:
    assert accepted(name="game.login", measurements={"other": 5}).event.measurements == {"count": 1}


def test_an_alias_is_stored_under_the_declared_name_and_kind() -> None:
    event = accepted(name="web.req", kind="counter", value=5).event
    assert (event.name, event.kind) == ("web.request", "histogram")


SECRET = "ann.secret@example.com"
secrets = st.sampled_from(
    [
        "tags",
        "attributes",
        "measurements",
        "value",
        "actor",
        "entity",
        "id",
        "kind",
        "extra",
        "unit",
    ]
)


@pytest.mark.requirement("IDENT-07")
@given(st.dictionaries(secrets, st.booleans(), min_size=1))
def test_no_dead_letter_holds_a_value_that_was_not_allowed(places: dict[str, bool]) -> None:
    fields: dict[str, Any] = {"name": "game.login", "occurred_at": "not a time"}
    for place, nested in places.items():
        fields[place] = {"secret": SECRET, SECRET: 1} if nested else SECRET
    found = refused(**fields)
    assert SECRET not in repr(found)


def test_a_dead_letter_holds_what_is_allowed() -> None:
    found = refused(
        name="game.login", tags={"zone": "7", "city": "x"}, value="text", actor="ann", kind="gauge"
    )
    assert json.loads(found.payload) == {
        "kind": "gauge",
        "name": "game.login",
        "occurred_at": "2026-11-20T11:59:00.123456Z",
        "tags": {"zone": "7"},
        "value": "<text of 4 characters>",
    }


@given(st.binary(max_size=200))
def test_nothing_makes_the_arbiter_raise(raw: bytes) -> None:
    assert isinstance(judge(raw, TIMESTAMP, SMALL), Accepted | Refusal)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_no_json_makes_the_arbiter_raise(value: Any) -> None:
    for field in ("name", "occurred_at", "tags", "attributes", "measurements", "value", "id"):
        verdict(**{field: value})
        verdict(**{"name": "game.login", field: value})


def test_only_what_is_fine_by_itself_can_be_overruled() -> None:
    error = InvalidEvent(Reason.TAG_VALUES_EXCEEDED, "tags.k", "too many")
    for raw in (None, b"{"):
        with pytest.raises(ValueError, match="Only a record that was accepted"):
            overrule(raw, 0, SMALL, error)
