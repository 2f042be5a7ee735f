"""The rules about the services that send: sign-ins, webhooks, pools, endpoints, keys."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from alert_evaluation import asked, close, labels, sent, tagged
from dashboard_story import Story

from millrace.grafana import limits
from millrace.grafana.alerts.ask import Labels

pytestmark = pytest.mark.integration
DAY_MS = 86_400_000


def tenants(*names: str) -> set[Labels]:
    return {labels(tenant=name) for name in names}


@pytest.mark.requirement("IDENT-47")
def test_the_signing_key_is_old(story: Story) -> None:
    expected = {
        tagged(event, "tenant"): event["value"] / DAY_MS
        for _, event in sent(story, 125, 6 * 60, "jwks.active_key.age_ms")
        if event.get("tenant", "").startswith("alert-")
    }
    for severity, firing in (
        ("warning", tenants("alert-old", "alert-late")),
        ("critical", tenants("alert-late")),
    ):
        values, fired = asked(story, f"jwks-key-age-{severity}", 125).of("alert-")
        close(values, expected)
        assert fired == firing
    # A day later nobody reports any more.
    assert asked(story, "jwks-key-age-warning", 125 + 24 * 60).of("alert-") == ({}, set())


def test_many_sign_ins_fail(story: Story) -> None:
    tried: dict[Labels, float] = defaultdict(float)
    failed: dict[Labels, float] = defaultdict(float)
    for _, event in sent(story, 65, 15, "auth.login.attempt"):
        key, count = tagged(event, "tenant"), event["measurements"]["count"]
        tried[key] += count
        failed[key] += count if event["tags"]["status"] == "fail" else 0
    values, firing = asked(story, "login-failures-critical", 65).of("alert-")
    expected = {k: failed[k] / n for k, n in tried.items() if n >= limits.SAMPLE}
    close(values, {k: v for k, v in expected.items() if k[0][1].startswith("alert-")})
    assert firing == tenants("alert-a")
    # Before, all attempts of another tenant failed.
    assert asked(story, "login-failures-critical", 30).of("alert-")[1] == tenants("alert-b")


def test_many_webhooks_fail(story: Story) -> None:
    emitted: dict[Labels, float] = defaultdict(float)
    failed: dict[Labels, float] = defaultdict(float)
    for _, event in sent(story, 65, 30, "webhook.emit.count", "qstash.publish.error.count"):
        key = tagged(event, "tenant")
        if key[0][1].startswith("alert-"):
            side = emitted if event["name"] == "webhook.emit.count" else failed
            side[key] += event["measurements"]["count"]
    expected = {
        key: failed[key] / max(emitted[key], failed[key])
        for key in emitted.keys() | failed.keys()
        if max(emitted[key], failed[key]) >= limits.SAMPLE
    }
    values, firing = asked(story, "webhook-failures-warning", 65).of("alert-")
    close(values, expected)
    assert firing == tenants("alert-a", "alert-c")
    assert not asked(story, "webhook-failures-warning", 200).of("alert-")[0]


@pytest.mark.requirement("IDENT-42")
def test_requests_wait_for_a_script_engine(story: Story) -> None:
    values, firing = asked(story, "pool-waiting-warning", 65).of("alert-")
    assert values == {labels(tenant="alert-a"): 3, labels(tenant="alert-b"): 0}
    assert firing == tenants("alert-a")
    # Two minutes earlier it was the other one, and later nobody reports.
    assert asked(story, "pool-waiting-warning", 63).of("alert-")[1] == tenants("alert-b")
    assert asked(story, "pool-waiting-warning", 90).of("alert-")[0] == {}


def requests(story: Story) -> Iterator[tuple[Labels, list[dict[str, Any]]]]:
    """The requests of each endpoint that is asked for often enough."""
    found: dict[Labels, list[dict[str, Any]]] = defaultdict(list)
    for _, event in sent(story, 65, 15, "webapp.request"):
        key = tagged(event, "tenant", "endpoint", "method")
        if dict(key)["tenant"].startswith("alert-"):
            found[key].append(event)
    yield from ((key, some) for key, some in found.items() if len(some) >= limits.SAMPLE)


def endpoint(tenant: str, method: str, path: str) -> Labels:
    return labels(tenant=tenant, method=method, endpoint=path)


ORDERS = endpoint("alert-a", "GET", "/api/orders")
USERS = endpoint("alert-a", "GET", "/api/users")


def test_an_endpoint_fails(story: Story) -> None:
    expected = {
        key: sum(int(event["tags"]["status_code"]) >= 400 for event in some) / len(some)
        for key, some in requests(story)
    }
    for severity, firing in (("warning", {ORDERS, USERS}), ("critical", {ORDERS})):
        values, fired = asked(story, f"endpoint-errors-{severity}", 65).of("alert-")
        close(values, expected)
        assert fired == firing
    assert not asked(story, "endpoint-errors-warning", 120).of("alert-")[0]


def test_an_endpoint_is_slow(story: Story) -> None:
    expected = {}
    for key, some in requests(story):
        times = sorted(event["measurements"]["response_time_ms"] for event in some)
        expected[key] = times[math.ceil(0.95 * len(times)) - 1]
    for severity, firing in (("warning", {ORDERS, USERS}), ("critical", {ORDERS})):
        values, fired = asked(story, f"endpoint-slow-{severity}", 65).of("alert-")
        close(values, expected, rel=0.004)
        assert fired == firing
    assert not asked(story, "endpoint-slow-warning", 120).of("alert-")[0]
