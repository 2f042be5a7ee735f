"""What an event keeps, key by key and value by value."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from catalogues import FORGIVING, OPEN, STRICT
from hypothesis import given
from hypothesis import strategies as st

from millrace.schemas.catalogue import Namespace
from millrace.schemas.errors import InvalidEvent
from millrace.streams.sanitize import OTHER_KEY, Keys, clean_text, keep_keys, key_name

LOGIN = FORGIVING.events["game.login"]
REQUEST = STRICT.events["web.request"]


@pytest.mark.requirement("GAME-07", "IDENT-07")
def test_a_declared_event_keeps_its_declared_keys_and_loses_the_rest() -> None:
    sent = {"success": "true", "zone": "7", "password": "hunter2", "city": "Ghent"}
    keys = keep_keys(FORGIVING, LOGIN, sent, {})
    assert keys == Keys((("success", "true"), ("zone", "7")), (), ("city", "password"))


@pytest.mark.requirement("GAME-07", "GAME-26")
def test_the_catalogue_decides_where_a_key_lives() -> None:
    keys = keep_keys(FORGIVING, LOGIN, {"account_id": "5"}, {"zone": "7"})
    assert keys == Keys((("zone", "7"),), (("account_id", "5"),), ())


def test_a_key_in_both_places_is_taken_from_its_own() -> None:
    both = {"zone": "as tag", "account_id": "as tag"}
    other = {"zone": "as attribute", "account_id": "as attribute"}
    keys = keep_keys(FORGIVING, LOGIN, both, other)
    assert keys.tags == (("zone", "as tag"),)
    assert keys.attributes == (("account_id", "as attribute"),)


@pytest.mark.requirement("GAME-08")
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(7, "7", id="an integer"),
        pytest.param(1.5, "1.5", id="a float"),
        pytest.param("x", "x", id="text"),
    ],
)
def test_a_forgiving_namespace_stores_scalars_as_text(sent: Any, stored: str) -> None:
    assert keep_keys(FORGIVING, LOGIN, {"zone": sent}, {}).tags == (("zone", stored),)


def test_null_is_no_tag_and_what_is_no_scalar_is_dropped_and_counted() -> None:
    keys = keep_keys(FORGIVING, LOGIN, {"zone": None, "success": ["a"]}, {"account_id": {"a": 1}})
    assert keys == Keys((), (), ("account_id", "success"))


@pytest.mark.requirement("GAME-10")
@pytest.mark.parametrize("tags", [[], "text", 5, True, None], ids=repr)
def test_tags_that_are_not_a_map_become_empty_where_that_is_forgiven(tags: Any) -> None:
    assert keep_keys(FORGIVING, LOGIN, tags, {}) == Keys()


@pytest.mark.parametrize(
    ("tags", "field"),
    [
        pytest.param([], "tags", id="a list"),
        pytest.param({"method": 5}, "tags.method", id="a number"),
        pytest.param({"method": None}, "tags.method", id="null"),
    ],
)
def test_a_strict_namespace_refuses_what_is_not_text(tags: Any, field: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        keep_keys(STRICT, REQUEST, tags, {})
    assert (refused.value.reason, refused.value.field) == ("invalid_field", field)


@pytest.mark.requirement("GAME-09")
def test_long_values_are_cut_where_that_is_forgiven() -> None:
    keys = keep_keys(FORGIVING, LOGIN, {"zone": "é" * 10_000}, {})
    assert keys.tags == (("zone", "é" * 100),)


@pytest.mark.parametrize(
    ("namespace", "tags", "reason"),
    [
        pytest.param(OPEN, {"a": "x" * 101}, "tag_value_too_long", id="a long value"),
        pytest.param(OPEN, {"a" * 51: "x"}, "tag_key_too_long", id="a long key"),
        pytest.param(OPEN, {"": "x"}, "invalid_field", id="an empty key"),
        pytest.param(OPEN, {"a\n": "x"}, "invalid_field", id="a control character in a key"),
        pytest.param(OPEN, {str(n): "x" for n in range(21)}, "too_many_tags", id="21 tags"),
    ],
)
def test_limits(namespace: Namespace, tags: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        keep_keys(namespace, None, tags, {})
    assert refused.value.reason == reason


@pytest.mark.requirement("METRIC-09")
def test_the_message_for_too_many_tags_is_fixed() -> None:
    with pytest.raises(InvalidEvent, match=r"^Maximum 20 tags allowed$"):
        keep_keys(OPEN, None, {str(n): "x" for n in range(21)}, {})


def test_a_closed_namespace_counts_its_tags_after_the_allow_list() -> None:
    sent = {"zone": "7"} | {f"other{n}": "x" for n in range(60)}
    keys = keep_keys(FORGIVING, LOGIN, sent, {})
    assert (keys.tags, len(keys.dropped)) == ((("zone", "7"),), 60)


@pytest.mark.requirement("IDENT-07")
def test_an_open_namespace_drops_what_is_on_the_deny_list_and_every_attribute() -> None:
    keys = keep_keys(OPEN, None, {"Email": "a@b.c", "route": "/"}, {"title": "x"})
    assert keys == Keys((("route", "/"),), (), ("Email", "title"))


def test_a_key_that_could_be_a_value_is_counted_without_its_name() -> None:
    assert key_name("ann@example.com") == key_name("a b") == key_name("") == OTHER_KEY
    assert key_name("user_id") == "user_id"


@pytest.mark.requirement("METRIC-11")
@given(st.text())
def test_clean_text_has_no_controls_no_edges_and_one_form(text: str) -> None:
    clean = clean_text(text)
    assert not any(unicodedata.category(c) == "Cc" for c in clean)
    assert clean == clean.strip()
    assert clean_text(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
