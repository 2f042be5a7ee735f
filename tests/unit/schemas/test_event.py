from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_schema_check import valid
from pydantic import ValidationError

from millrace.schemas import limits
from millrace.schemas.event import Event, Kind, document_of
from millrace.schemas.moment import EPOCH
from millrace.schemas.reasons import Reason

SCHEMA = Event.model_json_schema()


def document(**fields: Any) -> dict[str, Any]:
    return {"name": "api.requests", "occurred_at": "2026-03-01T12:00:00Z", **fields}


def decode(**fields: Any) -> Event:
    return Event.model_validate_json(json.dumps(document(**fields)))


def fault(**fields: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        decode(**fields)
    error = caught.value.errors()[0]
    return str(error["type"]), ".".join(str(part) for part in error["loc"])


def key_text(largest: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=largest)


numbers = st.floats(
    -limits.MEASUREMENT_MAGNITUDE, limits.MEASUREMENT_MAGNITUDE, allow_subnormal=False
)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=limits.TAG_VALUE_LENGTH)
maybe = st.none()
documents = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9._-]{0,254}\Z"),
        "occurred_at": st.integers(0, 7_258_118_400_000_000).map(
            lambda us: (EPOCH + timedelta(microseconds=us)).isoformat()
        ),
    },
    optional={
        "schema_version": maybe | st.just(1),
        "id": maybe | st.uuids().map(str),
        "tenant": maybe | st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z"),
        "kind": maybe | st.sampled_from([kind.value for kind in Kind]),
        "measurements": maybe | st.dictionaries(key_text(100), numbers, max_size=5),
        "tags": maybe | st.dictionaries(key_text(50), values, max_size=limits.TAGS),
        "attributes": maybe | st.dictionaries(key_text(50), values, max_size=5),
        "unit": maybe | key_text(50),
        "actor": maybe | key_text(limits.ACTOR_LENGTH),
        "label": maybe | key_text(limits.LABEL_LENGTH),
        "aggregation": maybe | st.sampled_from(["AVG", "SUM", "P50", "P90", "P95", "P99"]),
        "source": maybe | st.just("service:api"),
        "entity": maybe | st.just("order:5"),
    },
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.requirement("GAME-01", "IDENT-01", "METRIC-08")
@given(documents)
def test_an_event_survives_the_round_trip_sorted(given_document: dict[str, Any]) -> None:
    event = Event.model_validate_json(json.dumps(given_document))
    again = Event.model_validate_json(json.dumps(document_of(event)))
    assert again == event
    assert Event.model_validate(event.model_dump()) == event
    for pairs in (event.measurements, event.tags, event.attributes):
        assert list(pairs) == sorted(pairs)
    assert event.tags == (given_document.get("tags") or {})
    assert event.occurred_at.tzinfo is UTC
    assert event.measurements


@given(documents)
def test_the_json_schema_takes_what_the_model_takes(given_document: dict[str, Any]) -> None:
    assert valid(SCHEMA, given_document)
    assert valid(SCHEMA, document_of(Event.model_validate(given_document)))


@given(documents, st.sampled_from([*Event.model_fields, "value", "other"]), json_values)
def test_nothing_but_a_validation_error_is_raised(
    given_document: dict[str, Any], field: str, value: Any
) -> None:
    try:
        Event.model_validate_json(json.dumps(given_document | {field: value}))
    except ValidationError:
        return
    # What the model takes, the schema takes: it may be read by a producer in another language.
    assert valid(SCHEMA, given_document | {field: value})


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"[" * 100_000, id="deep list"),
        pytest.param(b'{"tags":' * 5_000, id="deep object"),
        pytest.param(b"1" * 10_000, id="long number"),
        pytest.param(b'{"value":' + b"1" * 10_000 + b"}", id="long value"),
        pytest.param(b'{"schema_version":' + b"9" * 400 + b"}", id="long version"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b'{"name":"\\ud800"}', id="half a surrogate pair"),
        pytest.param(b'{"name":"\xed\xa0\x80"}', id="encoded surrogate"),
        pytest.param(b"null", id="null"),
        pytest.param(b"\x00", id="zero byte"),
    ],
)
def test_hostile_bytes_are_a_validation_error(raw: bytes) -> None:
    with pytest.raises(ValidationError):
        Event.model_validate_json(raw)


@pytest.mark.parametrize("field", ["tenant", "name", "unit", "source", "entity", "actor", "label"])
def test_a_lone_surrogate_is_refused_from_python_too(field: str) -> None:
    with pytest.raises(ValidationError):
        Event.model_validate(document(**{field: "a:\ud800"}))


@pytest.mark.parametrize("field", ["measurements", "tags", "attributes"])
def test_a_lone_surrogate_is_no_key(field: str) -> None:
    with pytest.raises(ValidationError):
        Event.model_validate(document(**{field: {"\ud800": 1 if field == "measurements" else "v"}}))


@pytest.mark.parametrize("field", ["tags", "attributes"])
def test_a_lone_surrogate_is_no_value(field: str) -> None:
    with pytest.raises(ValidationError):
        Event.model_validate(document(**{field: {"key": "\ud800"}}))


@pytest.mark.requirement("METRIC-12")
def test_optional_fields_are_bounded() -> None:
    assert decode(unit="u" * 50).unit == "u" * 50
    assert fault(unit="u" * 51) == ("string_too_long", "unit")
    assert fault(label="l" * 101) == ("string_too_long", "label")
    assert fault(actor="a" * 256) == ("string_too_long", "actor")


@pytest.mark.parametrize(
    ("given_time", "expected"),
    [
        pytest.param("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", id="whole second"),
        pytest.param("2026-03-01t12:00:00z", "2026-03-01T12:00:00Z", id="lower case"),
        pytest.param("2026-03-01T12:00:00.123Z", "2026-03-01T12:00:00.123000Z", id="ms kept"),
        pytest.param("2026-03-01T12:00:00.1234567Z", "2026-03-01T12:00:00.123456Z", id="ns cut"),
        pytest.param("2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00Z", id="to UTC"),
        pytest.param("2026-03-01T12:00:00-00:00", "2026-03-01T12:00:00Z", id="unknown offset"),
    ],
)
def test_times_come_out_in_utc(given_time: str, expected: str) -> None:
    assert document_of(decode(occurred_at=given_time))["occurred_at"] == expected


@pytest.mark.parametrize(
    "given_time",
    [
        pytest.param("2026-03-01T12:00:00", id="no offset"),
        pytest.param("2026-03-01 12:00:00Z", id="no T"),
        pytest.param("2026-03-01T12:00:00Z\n", id="newline"),
        pytest.param("2026-03-01T24:00:00Z", id="hour 24"),
        pytest.param("2026-03-01T12:00:60Z", id="leap second"),
        pytest.param("2026-03-01T12:00:00+24:00", id="offset of a day"),
        pytest.param("2026-03-01T12:00:00+05:60", id="offset of 60 minutes"),
        pytest.param("2026-03-01T12:00:00+0530", id="offset without colon"),
        pytest.param("2026-02-29T12:00:00Z", id="no leap year"),
        pytest.param("0000-01-01T00:00:00Z", id="year 0"),
        pytest.param("0001-01-01T00:00:00+01:00", id="before year 1 in UTC"),
        pytest.param("9999-12-31T23:59:59-01:00", id="after year 9999 in UTC"),
        pytest.param("٢٠٢٦-03-01T12:00:00Z", id="other digits"),
        pytest.param(1_772_366_400, id="number"),
        pytest.param("", id="empty"),
    ],
)
def test_anything_else_is_no_time(given_time: Any) -> None:
    assert fault(occurred_at=given_time) == ("invalid_field", "occurred_at")


def test_an_aware_time_is_taken_from_python() -> None:
    moment = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    event = Event.model_validate(document(occurred_at=moment))
    assert event.occurred_at == moment
    assert event.occurred_at.tzinfo is UTC
    with pytest.raises(ValidationError):
        Event.model_validate(document(occurred_at=moment.replace(tzinfo=None)))


@pytest.mark.requirement("GAME-02", "GAME-03")
@pytest.mark.parametrize("field", ["name", "occurred_at"])
def test_name_and_time_are_required(field: str) -> None:
    assert fault(**{field: None}) == ("missing", field)


@pytest.mark.requirement("METRIC-05", "GAME-03", "IDENT-04")
@pytest.mark.parametrize("name", ["a", "A", "api.requests", "a-b_c.D9", "n" * 255])
def test_good_names(name: str) -> None:
    assert decode(name=name).name == name


@pytest.mark.requirement("METRIC-05", "GAME-02", "GAME-03")
@pytest.mark.parametrize(
    "name", ["", "123-invalid", ".a", "a b", "a\n", "\na", "é", "n" * 256, ["a", "b"], 5, True]
)
def test_bad_names(name: Any) -> None:
    assert fault(name=name)[1] == "name"


@pytest.mark.requirement("METRIC-06")
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param("1", "invalid_field", id="text"),
        pytest.param(True, "invalid_field", id="boolean"),
        pytest.param([], "invalid_field", id="list"),
        pytest.param(float("nan"), Reason.VALUE_RANGE, id="NaN"),
        pytest.param(float("inf"), Reason.VALUE_RANGE, id="infinity"),
        pytest.param(float("-inf"), Reason.VALUE_RANGE, id="minus infinity"),
        pytest.param(1.1e38, Reason.VALUE_RANGE, id="too large"),
        pytest.param(10**400, Reason.VALUE_RANGE, id="huge whole number"),
    ],
)
def test_bad_values(value: Any, reason: str) -> None:
    assert fault(value=value) == (reason, "measurements.value")


@pytest.mark.requirement("METRIC-06")
@pytest.mark.parametrize("value", [0, -0.0, 1, 1e38, -1e38, 5e-324, 2**53 + 1])
def test_good_values(value: float) -> None:
    assert decode(value=value).measurements == {"value": float(value)}


@pytest.mark.parametrize(
    ("fields", "measurements"),
    [
        pytest.param({}, {"count": 1.0}, id="counts itself"),
        pytest.param({"measurements": {}}, {"count": 1.0}, id="empty"),
        pytest.param({"measurements": None}, {"count": 1.0}, id="null"),
        pytest.param({"value": 2}, {"value": 2.0}, id="shorthand"),
        pytest.param({"value": 0, "measurements": {}}, {"value": 0.0}, id="zero survives"),
        pytest.param({"value": None, "measurements": {"a": 1}}, {"a": 1.0}, id="null shorthand"),
    ],
)
def test_shorthand(fields: dict[str, Any], measurements: dict[str, float]) -> None:
    assert decode(**fields).measurements == measurements
    assert valid(SCHEMA, document(**fields))


def test_value_and_measurements_exclude_each_other() -> None:
    both = {"value": 1, "measurements": {"a": 1}}
    assert fault(**both) == ("invalid_field", "")
    assert not valid(SCHEMA, document(**both))


@pytest.mark.requirement("METRIC-08", "METRIC-09")
def test_tags_are_bounded() -> None:
    twenty = {f"key{number}": "v" for number in range(20)}
    assert len(decode(tags=twenty).tags) == 20
    with pytest.raises(ValidationError, match="Maximum 20 tags allowed"):
        decode(tags={**twenty, "one": "more"})
    assert fault(tags={**twenty, "one": "more"}) == (Reason.TOO_MANY_TAGS, "tags")
    assert decode(tags={"k" * 50: "v" * 100})
    assert fault(tags={"k" * 51: "v"})[0] == Reason.TAG_KEY_TOO_LONG
    assert fault(tags={"k": "v" * 101}) == (Reason.TAG_VALUE_TOO_LONG, "tags.k")
    assert fault(tags={"": "v"})[0] == "invalid_field"
    assert fault(tags={"k": 1})[0] == "string_type"
    assert decode().tags == decode(tags=None).tags == {}


@pytest.mark.requirement("METRIC-07")
def test_kinds_are_a_closed_list() -> None:
    assert [kind.value for kind in Kind] == ["event", "counter", "gauge", "histogram", "summary"]
    assert decode().kind is Kind.EVENT
    assert fault(kind="timer") == ("enum", "kind")


@pytest.mark.requirement("METRIC-13")
def test_aggregations_are_a_closed_list() -> None:
    for name in ("AVG", "SUM", "MIN", "MAX", "COUNT", "P50", "P90", "P95", "P99"):
        assert decode(aggregation=name).aggregation == name
    assert decode().aggregation is None
    assert fault(aggregation="MEDIAN") == ("enum", "aggregation")


@pytest.mark.requirement("IDENT-03")
def test_source_and_entity_are_typed_ids() -> None:
    assert decode(source="service:worker").source == "service:worker"
    assert decode().source is None
    for bad in ("api", "service:", ":api", "service:a\nb", "service:" + "x" * 201):
        assert fault(source=bad) == ("string_pattern_mismatch", "source")


@pytest.mark.parametrize("version", [2, 0, -1, 10**30])
def test_other_versions_are_refused_as_such(version: int) -> None:
    assert fault(schema_version=version) == (Reason.UNSUPPORTED_VERSION, "schema_version")


@pytest.mark.parametrize("version", [True, "1", 1.0, []])
def test_what_is_no_version_is_an_invalid_field(version: Any) -> None:
    assert fault(schema_version=version) == ("invalid_field", "schema_version")


@pytest.mark.parametrize("value", [1, None])
def test_unknown_fields_are_refused_even_when_null(value: Any) -> None:
    assert fault(user_id=value) == ("extra_forbidden", "user_id")
    assert not valid(SCHEMA, document(user_id=value))


def test_ids_are_canonical_uuids() -> None:
    text = "018F3C1E-7B7A-7C3E-9B1A-2F1D6F0A9C11"
    assert decode(id=text).id == UUID(text)
    for bad in (text.replace("-", ""), "{" + text + "}", "urn:uuid:" + text, "42", 42, ""):
        assert fault(id=bad) == ("invalid_field", "id")


def test_an_event_cannot_be_changed() -> None:
    event = decode()
    with pytest.raises(ValidationError):
        event.name = "other"  # type: ignore[misc]
