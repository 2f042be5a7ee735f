"""What became of the identity platform's things, for the seeds of its dashboard.

Each list says which things there are and which events each of them got, so that a test counts the
things and never the events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard_story import Event, event

TENANT = "idp"
OTHER = "idp-other"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

#: Hours before the anchor, last word of the name, and what else the event says.
Step = tuple[float, str, dict[str, Any]]


@dataclass(frozen=True)
class Thing:
    """One thing, its events, and whether it counts at the anchor."""

    kind: str
    name: str
    steps: Sequence[Step]
    counts: bool
    tenant: str = TENANT


def _one(kind: str, name: str, counts: bool, *steps: Step, tenant: str = TENANT) -> Thing:
    return Thing(kind, name, steps, counts, tenant)


def users() -> list[Thing]:
    """Seven who count: deleted ones do not, restored ones do."""
    made: list[Thing] = [
        _one("user", f"u{number}", True, (900 - number, "created", {}), (800, "verified", {}))
        for number in range(4)
    ]
    return [
        *made,
        _one("user", "unproven", True, (20, "created", {})),
        _one("user", "doubted", True, (30, "created", {}), (29, "verified", {}),
             (28, "unverified", {})),
        _one("user", "gone", False, (99, "created", {}), (9, "deleted", {})),
        _one("user", "back", True, (99, "created", {}), (9, "deleted", {}), (8, "restored", {})),
        _one("user", "later", False, (-3, "created", {})),
        _one("user", "elsewhere", False, (40, "created", {}), tenant=OTHER),
    ]  # fmt: skip


def clients() -> list[Thing]:
    """Three that count: a disabled one is still registered."""
    trusted = {"tags": {"registration": "trusted", "client_type": "public"}}
    dynamic = {"tags": {"registration": "dynamic", "client_type": "confidential"}}
    return [
        _one("client", "web", True, (700, "registered", trusted)),
        _one("client", "app", True, (60, "registered", dynamic), (5, "disabled", {})),
        _one("client", "old", False, (800, "registered", trusted), (6, "deleted", {})),
        _one("client", "kept", True, (800, "registered", dynamic), (6, "deleted", {}),
             (5, "restored", {})),
    ]  # fmt: skip


def sessions(anchor: datetime) -> list[Thing]:
    """Signed in every two hours; some ended, some ran out, one was prolonged."""
    found = []
    for number in range(40):
        begun = number * 2 + 0.5
        lasts = 12.0 if number % 4 == 1 else 300.0
        start = {
            "tags": {"provider": "credentials", "method": ("password", "passkey")[number % 2]},
            "attributes": {"client": "Account page", "expires_at": _ms(anchor, begun - lasts)},
            "actor": f"u{number % 4}",
        }
        steps: list[Step] = [(begun, "started", start)]
        ended = number % 5 == 2
        if ended:
            steps.append((begun - 0.25, "ended", {"tags": {"reason": "sign_out"}}))
        renewed = number == 13
        if renewed:
            longer = {"attributes": {"expires_at": _ms(anchor, -50)}}
            steps.append((begun - 1, "renewed", longer))
        lives = not ended and (renewed or begun < lasts)
        found.append(_one("session", f"s{number}", lives, *steps))
    late = {"tags": {"provider": "credentials"}, "actor": "u1"}
    return [
        *found,
        _one("session", "soon", False, (-3, "started", late)),
        _one("session", "theirs", False, (1, "started", late), tenant=OTHER),
    ]


def _ms(anchor: datetime, hours_before: float) -> str:
    return str(round((anchor - hours_before * HOUR).timestamp() * 1000))


def others() -> list[Thing]:
    """Keys, API keys, webhooks and deliveries."""
    partner = {"tags": {"key_group": "partner"}}
    begun = {"tags": {"event_type": "user.created"}, "attributes": {"webhook": "3"}}
    refused = {"tags": {"response_code": "503"}}
    return [
        _one("key", "first", False, (1441, "created", {}), (1440, "activated", {}),
             (636, "retired", {"tags": {"reason": "rotation"}}), (120, "pruned", {})),
        _one("key", "second", True, (637, "created", {}), (636, "activated", {})),
        _one("key", "third", False, (1, "created", {})),
        # Younger than the active one, and active no more.
        _one("key", "recalled", False, (301, "created", {}), (300, "activated", {}),
             (200, "retired", {})),
        _one("key", "dropped", False, (251, "created", {}), (250, "activated", {}),
             (240, "pruned", {})),
        _one("key", "theirs", True, (961, "created", {}), (960, "activated", {}), tenant=OTHER),
        _one("apikey", "a1", True, (100, "issued", partner)),
        _one("apikey", "a2", False, (90, "issued", partner), (4, "revoked", {})),
        _one("webhook", "3", True, (500, "registered", {})),
        _one("webhook", "4", False, (500, "registered", {}), (7, "disabled", {})),
        _one("webhook_event", "81", True, (3, "emitted", {"tags": {"event_type": "user.created"}})),
        _one("delivery", "81-3", True, (3, "started", begun), (2.9, "failed", refused),
             (2, "started", begun), (1.9, "succeeded", {"tags": {"response_code": "200"}})),
        _one("delivery", "82-3", False, (3, "started", begun), (2.5, "failed", refused)),
        _one("delivery", "83-3", False, (60, "started", begun), (59, "failed", refused)),
        _one("delivery", "84-3", False, (1, "started", begun)),
    ]  # fmt: skip


def events(anchor: datetime) -> Iterator[Event]:
    """All events of all things."""
    for thing in (*users(), *clients(), *sessions(anchor), *others()):
        for hours, word, fields in thing.steps:
            yield event(
                f"identity.{thing.kind}.{word}",
                anchor - hours * HOUR,
                entity=f"{thing.kind}:{thing.name}",
                tenant=thing.tenant,
                **fields,
            )
