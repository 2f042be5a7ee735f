"""Evaluates the committed alert rules as Grafana does: rows, threshold, the set that fires.

What Grafana does over time (``for``, ``keepFiringFor``) is not imitated: one moment is looked at.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from dashboard_seeds.alerts import begin
from dashboard_story import Story

from millrace.clickhouse.client import Store
from millrace.grafana.alerts.ask import Labels, instances, question
from millrace.grafana.generated import alerts

MINUTE = timedelta(minutes=1)
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
}


@dataclass(frozen=True)
class Evaluation:
    """What a rule said at one moment: the value of each instance, and which of them fire."""

    values: Mapping[Labels, float]
    firing: frozenset[Labels]
    no_data: bool

    def of(self, prefix: str) -> tuple[dict[Labels, float], set[Labels]]:
        """Values and firing instances of the tenants whose names begin like this."""
        mine = {
            labels: value
            for labels, value in self.values.items()
            if dict(labels)["tenant"].startswith(prefix)
        }
        return mine, set(self.firing & mine.keys())


def evaluate(store: Store, uid: str, at: datetime) -> Evaluation:
    """Run a rule's query as of a moment and hold its answer against the threshold."""
    rule = alerts()[uid]
    values = instances(store.json(question(rule, at)))
    (condition,) = rule["data"][1]["model"]["conditions"]
    (limit,) = condition["evaluator"]["params"]
    fires = _OPERATORS[condition["evaluator"]["type"]]
    firing = {labels for labels, value in values.items() if fires(value, limit)}
    if not values and rule["noDataState"] == "Alerting":
        firing = {()}
    return Evaluation(values, frozenset(firing), not values)


def at(story: Story, minute: float) -> datetime:
    """The moment so many minutes after the scenes begin."""
    return begin(story.anchor) + minute * MINUTE


def asked(story: Story, uid: str, minute: float) -> Evaluation:
    """Evaluate a rule of the story then."""
    return evaluate(story.store, f"millrace-{uid}", at(story, minute))


def sent(
    story: Story, minute: float, span: float, *names: str
) -> list[tuple[datetime, dict[str, Any]]]:
    """All events of these names, of any group, whose minute began in the span, oldest first."""
    end = at(story, minute)
    found = []
    for group in story.events.values():
        for event in group:
            if event["name"] in names:
                moment = datetime.fromisoformat(event["occurred_at"])
                if end - span * MINUTE <= moment.replace(second=0, microsecond=0) <= end:
                    found.append((moment, event))
    return sorted(found, key=lambda pair: pair[0])


def labels(**given: str) -> Labels:
    """A label set as ``evaluate`` names it."""
    return tuple(sorted(given.items()))


def tagged(event: dict[str, Any], *keys: str) -> Labels:
    """The event's labels: tags, and the tenant."""
    tags = {"tenant": event.get("tenant", "default"), **event.get("tags", {})}
    return labels(**{key: tags[key] for key in keys})


def close(
    found: Mapping[Labels, float], expected: Mapping[Labels, float], rel: float = 1e-9
) -> None:
    """Compare the values of all instances."""
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=rel), key
