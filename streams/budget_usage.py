"""How far the budgets of tag values are used up, as the store knows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from millrace.schemas.catalogue import Catalogue
from millrace.streams.recall import Tables

#: Of a topic that was deleted and made anew only today's life counts: its budgets began anew too.
_VALUES: Final = """
SELECT tenant, name, key, max(held) FROM (
    SELECT tenant, name, key, count() AS held FROM tag_values
    WHERE (topic, log) IN (
        SELECT topic, argMax(log, (created_at, topic_id)) FROM topic_logs GROUP BY topic)
    GROUP BY log, topic, partition, tenant, name, key)
GROUP BY tenant, name, key
"""
_OVER: Final = """
SELECT tenant, name, key, sum(overflowed), sum(refused) FROM tag_overflows
GROUP BY tenant, name, key
"""


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What one tag of one tenant's name has used of its budget.

    ``values`` is that of the partition which knows most, ``budget`` today's. ``overflowed`` and
    ``refused`` count events as long as the store keeps those counts.
    """

    tenant: str
    namespace: str
    name: str
    key: str
    values: int
    budget: int
    over_budget: str
    overflowed: int
    refused: int

    @property
    def used(self) -> float:
        """The share of the budget that is used; above 1 where the budget was larger once."""
        return self.values / self.budget

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        facts = {name: getattr(self, name) for name in self.__slots__}
        return {**facts, "used": round(self.used, 4)}


def budget_uses(store: Tables, catalogue: Catalogue, namespace: str = "") -> list[BudgetUse]:
    """Return how far each tag's budget is used, those first that cost most events.

    ``namespace`` chooses the names that it owns by this catalogue; empty chooses all.
    """
    found = [one for one in _uses(store, catalogue) if namespace in ("", one.namespace)]
    return sorted(
        found,
        key=lambda one: (-one.overflowed - one.refused, -one.used, one.tenant, one.name, one.key),
    )


def _uses(store: Tables, catalogue: Catalogue) -> Iterator[BudgetUse]:
    values = {tuple(map(str, row[:3])): int(row[3]) for row in store.rows(_VALUES)}
    over = {tuple(map(str, row[:3])): tuple(map(int, row[3:])) for row in store.rows(_OVER)}
    for tenant, name, key in {**values, **over}:
        owner = catalogue.owner(tenant, name)
        overflowed, refused = over.get((tenant, name, key), (0, 0))
        yield BudgetUse(
            tenant=tenant,
            namespace=owner.name,
            name=name,
            key=key,
            values=values.get((tenant, name, key), 0),
            budget=owner.series_budget,
            over_budget=owner.over_budget,
            overflowed=overflowed,
            refused=refused,
        )
