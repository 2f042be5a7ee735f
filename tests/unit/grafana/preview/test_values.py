"""A dashboard's variables: what is offered, what an address may choose."""

from __future__ import annotations

from typing import Any

import pytest
from preview_boards import board, variable

from millrace.grafana.preview.values import (
    ChoiceError,
    Option,
    chosen_values,
    listed_options,
    own_values,
    variables,
)

ORDER = variable("order", "custom", "By name : name, By size : size", "name")
MANY = variable("many", "custom", "a,b,c", ["$__all"], multi=True, includeAll=True)
TENANT = variable("tenant", "query", "SELECT 1", ["$__all"], multi=True, includeAll=True)
NAME = variable("name", "query", "SELECT 2", "")
NOTE = variable("note", "textbox", "UTC", None)
BOARD = board("b", "B", [], [ORDER, MANY, TENANT, NAME, NOTE])


def read(**given: list[str]) -> dict[str, Any]:
    return dict(
        chosen_values(BOARD, {f"var-{name}": values for name, values in given.items()}).items()
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("By name : name, By size : size", [("By name", "name"), ("By size", "size")]),
        ("1m,5m , 1h", [("1m", "1m"), ("5m", "5m"), ("1h", "1h")]),
        (r"Hello\, you : a\,b", [("Hello, you", "a,b")]),
        ("12:30 : 1, a:b", [("12:30", "1"), ("a:b", "a:b")]),
    ],
)
def test_lists_are_read_as_grafana_does(query: str, expected: list[tuple[str, str]]) -> None:
    found = listed_options(variable("x", "custom", query, ""))
    assert found == [Option(*pair) for pair in expected]


def test_the_data_source_is_no_choice() -> None:
    assert list(variables(BOARD)) == ["order", "many", "tenant", "name", "note"]


def test_nothing_given_is_the_dashboards_own() -> None:
    assert read() == {
        "order": ["name"],
        "many": ["$__all"],
        "tenant": ["$__all"],
        "name": [""],
        "note": ["UTC"],
    }
    assert own_values({"type": "query"}) == [""]


def test_given_values_are_taken() -> None:
    chosen = read(order=["size"], many=["a", "c"], tenant=["x", "y"], name=["n"], note=["it's"])
    assert chosen == {
        "order": ["size"],
        "many": ["a", "c"],
        "tenant": ["x", "y"],
        "name": ["n"],
        "note": ["it's"],
    }


@pytest.mark.requirement("GAME-40")
def test_what_the_dashboard_does_not_offer_is_ignored() -> None:
    assert read(order=["weight"], other=["x"], datasource=["y"]) == read()
    assert read(many=["a", "nope"])["many"] == ["a"]
    assert read(order=["$__all"], name=["$__all"]) == read()
    assert read(tenant=["$__all"])["tenant"] == ["$__all"]


def test_one_value_where_only_one_is_possible() -> None:
    assert read(name=["a", "b"])["name"] == ["b"]


@pytest.mark.parametrize("values", [["a"] * 201, ["a" * 257]])
def test_too_much_is_refused(values: list[str]) -> None:
    with pytest.raises(ChoiceError, match="variable tenant has too many or too long"):
        read(tenant=values)
