"""A simulated identity platform: permission checks, tokens, pipelines and webhooks."""

from __future__ import annotations

from typing import Final

from millrace.streams.demo.moment import Document, Moment

_AFTERNOON = 14.0
_TENANTS: Final = ("default", "acme", "globex", "initech")
_RESOURCES: Final = ("document", "project", "invoice", "report")
_ACTIONS: Final = ("read", "read", "read", "write", "delete")
_PIPELINES: Final = tuple(f"pipeline-{number}" for number in range(12))
_HOOKS: Final = ("user.created", "user.updated", "session.created", "session.ended")
_ROUTES: Final = ("login", "token", "authorize", "userinfo", "jwks", "logout")
_REASONS: Final = ("expired", "revoked", "unknown")


def event(moment: Moment) -> Document:
    """Return one event of the platform; it has no id and no time yet."""
    random = moment.random
    chance = random.random()
    document = {"tenant": random.choice(_TENANTS), "source": "service:auth"}
    if chance < 0.40:
        return document | _authorization(moment)
    if chance < 0.60:
        return document | _http(moment)
    if chance < 0.75:
        return document | _sign_in(moment)
    if chance < 0.85:
        status = "fail" if random.random() < 0.04 else "success"
        return document | {
            "name": "pipeline.exec.duration",
            "kind": "histogram",
            "value": moment.millis(35 + 60 * moment.busy(_AFTERNOON)),
            "tags": {"pipeline_id": random.choice(_PIPELINES), "status": status},
        }
    if chance < 0.93:
        return document | {
            "name": "webhook.emit.duration_ms",
            "kind": "histogram",
            "value": moment.millis(60),
            "tags": {"event_type": random.choice(_HOOKS)},
        }
    if chance < 0.97:
        return document | _keys(moment)
    return document | {
        "name": "user.checkout.total",
        "kind": "counter",
        "value": round(random.uniform(5, 250), 2),
        "tags": {"plan": random.choice(("free", "team", "business"))},
    }


def _authorization(moment: Moment) -> Document:
    random = moment.random
    result = "denied" if random.random() < 0.07 else "allowed"
    if random.random() < 0.5:
        return {
            "name": "authz.decision.count",
            "kind": "counter",
            "tags": {"result": result, "source": random.choice(("rebac", "abac", "policy"))},
        }
    return {
        "name": "authz.check.duration",
        "kind": "histogram",
        "value": moment.millis(3 + 4 * moment.busy(_AFTERNOON)),
        "tags": {
            "resource": random.choice(_RESOURCES),
            "action": random.choice(_ACTIONS),
            "result": result,
        },
    }


def _http(moment: Moment) -> Document:
    random = moment.random
    status = "2xx" if random.random() < 0.96 else random.choice(("4xx", "4xx", "5xx"))
    return {
        "name": "http.request.duration_ms",
        "kind": "histogram",
        "value": moment.millis(20 + 40 * moment.busy(_AFTERNOON)),
        "tags": {
            "route_id": random.choice(_ROUTES),
            "method": random.choice(("GET", "POST")),
            "status_class": status,
        },
    }


def _sign_in(moment: Moment) -> Document:
    random = moment.random
    if random.random() < 0.4:
        return {
            "name": "auth.login.attempt",
            "kind": "counter",
            "tags": {
                "method": random.choice(("password", "passkey", "google")),
                "status": "fail" if random.random() < 0.08 else "success",
                # Personal data in a tag, as it happens: dropped and counted, never stored.
                **({"email": "someone@example.org"} if random.random() < 0.02 else {}),
            },
            "actor": f"user-{int(random.random() ** 2 * 3000)}",
        }
    return {
        "name": "oidc.token.latency_ms",
        "kind": "histogram",
        "value": moment.millis(25),
        "tags": {
            "grant_type": random.choice(("authorization_code", "refresh_token")),
            "result": "error" if random.random() < 0.02 else "success",
        },
    }


def _keys(moment: Moment) -> Document:
    random = moment.random
    if random.random() < 0.8:
        return {
            "name": "apikey.resolve.duration",
            "kind": "histogram",
            "value": moment.millis(2),
            "tags": {"key_group": random.choice(("live", "test"))},
        }
    return {
        "name": "apikey.auth.invalid.count",
        "kind": "counter",
        "tags": {"reason": random.choice(_REASONS)},
    }
