from __future__ import annotations

from dataclasses import replace
from typing import Any

from catalogues import SMALL

from millrace.schemas.catalogue import Catalogue, OverBudget
from millrace.streams.budget_usage import budget_uses

CATALOGUE = Catalogue(
    namespaces={
        name: replace(one, series_budget=10, over_budget=OverBudget.OVERFLOW)
        for name, one in SMALL.namespaces.items()
    },
    fingerprint="ten",
)


class Counts:
    """Answers with counts of values and of events over the budget."""

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        if "FROM tag_overflows" in sql:
            return [("t", "m", "b", 2, 0), ("t", "game.login", "zone", 0, 5), ("t", "n", "x", 1, 0)]
        return [
            ("t", "m", "a", 12),
            ("t", "m", "b", 10),
            ("t", "m", "c", 1),
            ("s", "m", "a", 1),
            ("t", "game.login", "zone", 10),
        ]


def test_what_costs_most_events_comes_first_then_what_is_used_most() -> None:
    uses = budget_uses(Counts(), CATALOGUE)
    assert [(one.tenant, one.name, one.key, one.used) for one in uses] == [
        ("t", "game.login", "zone", 1.0),
        ("t", "m", "b", 1.0),
        ("t", "n", "x", 0.0),  # known by its overflow alone
        ("t", "m", "a", 1.2),  # the budget was larger once
        ("s", "m", "a", 0.1),
        ("t", "m", "c", 0.1),
    ]


def test_a_namespace_chooses_the_names_that_it_owns_today() -> None:
    (one,) = budget_uses(Counts(), CATALOGUE, "game")
    assert one.as_dict() == {
        "tenant": "t",
        "namespace": "game",
        "name": "game.login",
        "key": "zone",
        "values": 10,
        "budget": 10,
        "over_budget": "overflow",
        "overflowed": 0,
        "refused": 5,
        "used": 1.0,
    }
