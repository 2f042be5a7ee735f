"""The numbers of a rule are those of the panels."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import pytest

from millrace.grafana import limits
from millrace.grafana.alerts import pipeline, services, slow
from millrace.grafana.alerts.groups import GROUPS
from millrace.grafana.alerts.rules import QUERIES, Alert

ALERTS = [alert for group in GROUPS for alert in group.alerts]
EVERY = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert.name))
NUMBERS = {value for name, value in vars(limits).items() if name.isupper()}


@EVERY
def test_limits_are_those_of_the_panels(alert: Alert) -> None:
    assert {level.limit for level in alert.levels} <= NUMBERS


@pytest.mark.parametrize("module", [pipeline, services, slow], ids=lambda module: module.__name__)
def test_no_limit_is_written_as_a_number(module: ModuleType) -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Level"
    ]
    assert calls
    assert {ast.unparse(call.args[1]).partition(".")[0] for call in calls} == {"limits"}


@EVERY
def test_levels_are_told_apart_and_the_loud_one_is_the_worse(alert: Alert) -> None:
    severities = [level.severity for level in alert.levels]
    assert severities in (["warning"], ["critical"], ["warning", "critical"])
    if len(severities) == 2:
        calm, loud = alert.levels
        assert calm.evaluator == loud.evaluator
        assert (loud.limit < calm.limit) == (calm.evaluator == "lt")
        assert loud.for_minutes <= calm.for_minutes


@EVERY
def test_numbers_of_the_query_are_put_in(alert: Alert) -> None:
    raw = (QUERIES / f"{alert.name}.sql").read_text()
    if "@SAMPLE" in raw:
        assert f">= {limits.SAMPLE}" in alert.sql
    if "@ROWS_BAD" in raw:
        assert f">= {limits.ROWS_BAD}" in alert.sql
    assert "@" not in alert.sql


def test_every_query_has_its_alert() -> None:
    assert {path.stem for path in QUERIES.iterdir()} == {alert.name for alert in ALERTS}


def test_what_the_issue_asks_for_is_there() -> None:
    assert {alert.name for alert in ALERTS} >= {
        "pipeline-stopped",
        "lag-high",
        "lag-rising",
        "data-stale",
        "reject-ratio",
        "dead-letters",
        "reconcile-difference",
        "late-ratio",
        "clickhouse-parts",
        "webapp-rows",
        "webapp-growth",
        "jwks-key-age",
        "login-failures",
        "webhook-failures",
        "pool-waiting",
        "endpoint-errors",
        "endpoint-slow",
    }


def test_only_one_alert_speaks_while_the_store_does_not_answer() -> None:
    loud = [alert.name for alert in ALERTS if alert.on_error == "Alerting"]
    assert loud == ["pipeline-stopped"]
