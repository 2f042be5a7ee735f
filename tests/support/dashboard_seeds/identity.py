"""The identity platform: what it counts and times, and below that what became of its things.

``idp`` is the tenant to look at; ``idp-other`` does ten times as much of everything.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import identity_things
from dashboard_story import Event, event

TENANT = "idp"
OTHER = "idp-other"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TRIGGERS = ("user.created", "user.deleted", "login", "invoice", "nightly", "rare")

Told = tuple[str, dict[str, str], dict[str, Any]]


def moments(anchor: datetime) -> list[datetime]:
    """Dense in the last day, thinner to the 88th; nothing from ten to eight hours before."""
    ages = [timedelta(minutes=3 + 32 * step) for step in range(45)]
    ages += [DAY + 6 * HOUR * step for step in range(24)]
    ages += [7 * DAY + 25 * HOUR * step for step in range(22)]
    ages += [30 * DAY + 70 * HOUR * step for step in range(20)]
    return [anchor - age for age in ages if not 8 * HOUR < age < 10 * HOUR]


def events(anchor: datetime) -> list[Event]:
    """Everything, the newest first: what comes last is not what happened last."""
    told = [*_measured(anchor), *_odd(anchor), *identity_things.events(anchor)]
    return sorted(told, key=lambda item: str(item["occurred_at"]), reverse=True)


def _event(name: str, at: datetime, tags: dict[str, str], **fields: Any) -> Event:
    return event(name, at, **{"tenant": TENANT, "tags": tags, **fields})


def _measured(anchor: datetime) -> Iterator[Event]:
    pick = random.Random(63)
    for index, at in enumerate(moments(anchor)):
        for name, tags, fields in (*_access(pick), *_protocols(pick), *_work(pick, index)):
            yield _event(name, at, tags, **fields)
    for index, at in enumerate(moments(anchor)[::6]):
        for name, tags, fields in (*_access(pick), *_protocols(pick), *_work(pick, index)):
            fields = {key: value * 10 for key, value in fields.items() if key == "value"}
            yield _event(name, at, tags, tenant=OTHER, **fields)


def _counted(pick: random.Random) -> dict[str, Any]:
    """A counter says one by saying nothing, or how many in either of two ways."""
    many = pick.randint(2, 5)
    return pick.choice([{}, {}, {"measurements": {"count": many}}, {"value": many}])


def _access(pick: random.Random) -> Iterator[Told]:
    status = "fail" if pick.random() < 0.2 else "success"
    yield "auth.login.attempt", {"method": "password", "status": status}, _counted(pick)
    if pick.random() < 0.4:
        yield "auth.session.created.count", {"provider": "credentials"}, _counted(pick)
    if pick.random() < 0.2:
        yield "auth.register.success", {"method": "password"}, _counted(pick)
    result = "denied" if pick.random() < 0.3 else "allowed"
    yield "authz.decision.count", {"result": result, "source": "rebac"}, _counted(pick)
    if pick.random() < 0.2:
        yield "authz.error.count", {"stage": "model"}, _counted(pick)
    slow = pick.random() < 0.1
    tags = {"resource": "vault" if slow else "page", "action": "read", "result": result}
    yield "authz.check.duration", tags, {"value": pick.randint(200, 900) if slow else 4}
    yield "authz.rebac.traversal_depth", {"entity_type": "page"}, {"value": pick.randint(1, 6)}
    yield "authz.rebac.subjects_expanded", {"entity_type": "page"}, {"value": pick.randint(1, 99)}
    if pick.random() < 0.15:
        name = pick.choice(("session.revoke", "policy.change.count", "pipeline.graph.save.count"))
        yield f"admin.{name}", {}, {"actor": f"admin-{pick.randint(1, 3)}"}


def _protocols(pick: random.Random) -> Iterator[Told]:
    kind = pick.choice(("authorize", "token", "userinfo", "jwks"))
    tags = {"result": "error" if pick.random() < 0.25 else "success"}
    if kind == "token":
        tags["grant_type"] = pick.choice(("authorization_code", "refresh_token"))
    yield f"oidc.{kind}.request.count", tags, _counted(pick)
    if kind in {"authorize", "token"}:
        yield f"oidc.{kind}.latency_ms", tags, {"value": pick.randint(5, 250)}
    if pick.random() < 0.25:
        reason = pick.choice(("consent", "policy"))
        yield "oidc.authorize.access_denied.count", {"reason": reason}, _counted(pick)
        yield "oauth.pkce.failure.count", {"reason": f"bad_{reason}"}, _counted(pick)
        yield "oauth.redirect_uri.invalid.count", {"client_type": "public"}, _counted(pick)
    if pick.random() < 0.5:
        yield "apikey.auth.invalid.count", {"reason": pick.choice("abcdefghij")}, _counted(pick)
        yield "apikey.issued.count", {"result": "success"}, {}
        yield "apikey.groups.count", {}, {"value": pick.randint(1, 7)}
    if pick.random() < 0.2:
        yield "apikey.revoked.count", {"reason": "leaked"}, {}
        yield "apikey.auth.missing.count", {}, _counted(pick)
    group = pick.choice(("partner", "internal", "internal", "internal"))
    slow = 300 if group == "partner" else 3
    yield "apikey.resolve.duration", {"key_group": group}, {"value": slow + pick.randint(0, 20)}


def _work(pick: random.Random, index: int) -> Iterator[Told]:
    # Six triggers of different weight; the sixth is not among the top five.
    trigger = pick.choices(TRIGGERS, (30, 20, 15, 10, 8, 2))[0]
    tags = {"pipeline_id": f"p-{trigger}", "status": "success", "trigger_event": trigger}
    took = pick.randint(20, 90) * (1 + TRIGGERS.index(trigger))
    yield "pipeline.exec.duration", tags, {"value": took}
    kind = {"event_type": pick.choice(("user.created", "user.deleted"))}
    yield "webhook.emit.count", kind, _counted(pick)
    yield "webhook.emit.duration_ms", kind, {"value": pick.randint(1, 40)}
    yield "webhook.delivery.duration_ms", {"status": "ok"}, {"value": pick.randint(50, 900)}
    if pick.random() < 0.1:
        yield "qstash.publish.error.count", {"queue": "hooks"}, {}
    mail = {"type": pick.choice(("verification", "password_reset", "notice"))}
    outcome = pick.choices(("success", "error", "rate_limited.count"), (8, 2, 1))[0]
    yield f"email.send.{outcome}", mail, _counted(pick)
    yield "email.send.duration_ms", mail, {"value": pick.randint(80, 800)}
    if index % 3 == 0:
        yield "lua.pool.active", {}, {"value": pick.randint(1, 9)}
        yield "lua.pool.waiting", {}, {"value": pick.randint(0, 2)}
        yield "lua.pool.exhausted", {}, {}
    blocked = pick.random() < 0.1
    ran = {"pipeline_id": f"p-{trigger}", "trigger_event": trigger, "status": "success"}
    if blocked:
        ran |= {"status": "blocked", "block_reason": pick.choice(("quota", "loop"))}
    spent = {"duration_ms": took, "overhead_ms": took // 5}
    yield "identity.run.finished", ran, {"measurements": spent}
    script = {"script_id": f"s-{index % 3}", "status": pick.choice(("success", "failure"))}
    yield "identity.script.finished", script, {"measurements": {"duration_ms": took - took // 5}}
    audit = {"result": "allowed", "source": "rebac"}
    if pick.random() < 0.5:
        audit["relation"] = "editor"
    yield "identity.decision.audited", audit, {"measurements": {"execution_time_ms": took % 17}}
    yield "user.invoice.processed_count", {"region": "eu"}, {"kind": "counter", "value": 3}
    queue = {"kind": "gauge", "value": pick.randint(0, 50)}
    yield "user.queue.length", {"queue": pick.choice(("mail", "sms"))}, queue


def _odd(anchor: datetime) -> Iterator[Event]:
    """Each of these changes a figure of someone who handles it wrongly."""
    soon = anchor + timedelta(hours=3)
    for name, tags, fields in (
        ("auth.login.attempt", {"status": "success"}, {"measurements": {"count": 7777}}),
        ("authz.decision.count", {"result": "denied"}, {"value": 7777}),
        ("webhook.emit.count", {}, {"value": 7777}),
        ("email.send.error", {}, {"value": 7777}),
        ("authz.check.duration", {}, {"value": 7777}),
        ("lua.pool.waiting", {}, {"value": 7777}),
        ("jwks.active_key.age_ms", {}, {"value": 7777 * 86_400_000}),
        ("jwks.rotation.success", {}, {}),
        ("admin.policy.change.count", {}, {"actor": "admin-late"}),
        ("user.queue.length", {"queue": "mail"}, {"kind": "gauge", "value": 7777}),
    ):
        yield _event(name, soon, tags, **fields)
    # What is derived and what is not live is not asked for, even where someone sends it.
    for name in ("qstash.publish.count", "jwks.rotation.error", "http.request.count",
                 "rebac.query.count", "webhook.delivery.retry.count"):  # fmt: skip
        yield _event(name, anchor - HOUR, {}, value=9999)
    yield _event("http.request.duration_ms", anchor - HOUR, {}, value=9999)
    # A name says nothing about the kind.
    yield _event("user.odd.gauge", anchor - 2 * HOUR, {}, kind="counter", value=4)
    yield _event("user.odd.gauge", anchor - 2 * HOUR, {}, kind="counter", value=5)
    yield from _rotations(anchor)
    for minutes, waiting in ((2, 3), (4, 8), (9, 5)):
        at = anchor - timedelta(minutes=minutes)
        yield _event("lua.pool.waiting", at, {}, value=waiting)
        yield _event("lua.pool.active", at, {}, value=waiting + 20)
        yield _event("lua.pool.active", at, {}, value=waiting + 70, tenant=OTHER)


def _rotations(anchor: datetime) -> Iterator[Event]:
    for hours, days in ((5, 26.1), (2, 26.4), (20, 25.0)):
        age = {"value": days * 86_400_000}
        yield _event("jwks.active_key.age_ms", anchor - hours * HOUR, {}, **age)
    old = {"value": 40 * 86_400_000, "tenant": OTHER}
    yield _event("jwks.active_key.age_ms", anchor - 3 * HOUR, {}, **old)
    for days in (60, 26.5, 5, 0.5):
        at = anchor - days * DAY
        yield _event("jwks.rotate.triggered.count", at, {"reason": "interval"})
        yield _event("jwks.rotate.duration_ms", at, {"result": "ok"}, value=days * 10)
        if days != 0.5:
            yield _event("jwks.rotation.success", at, {})
            yield _event("jwks.pruned.count", at, {}, value=2)
