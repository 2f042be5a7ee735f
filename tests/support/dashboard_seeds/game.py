"""A month of a game server, its last day in detail, and what must not be counted as its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

Event = dict[str, Any]

REALM = "aurora"
#: Sends the same names at the same times, with figures of its own.
OTHER = "borealis"
GAUGES = (
    ("bezgelor.server.players", "online", 400),
    ("bezgelor.server.creatures", "spawned", 9000),
    ("bezgelor.server.zones", "active", 60),
)
#: How many of each there were in the day before the anchor.
COUNTED = (
    ("bezgelor.realm.session_start", 130),
    ("bezgelor.world.player_entered", 110),
    ("bezgelor.quest.accepted", 90),
    ("bezgelor.quest.completed", 60),
    ("bezgelor.quest.abandoned", 14),
)
#: Hours before the anchor in which the server sent nothing.
OUTAGE = (10, 9)
_DAY = 24 * 60


def event(name: str, at: datetime, tenant: str = REALM, **fields: Any) -> Event:
    """One event of a realm."""
    return {
        "name": name,
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
        "tenant": tenant,
        **fields,
    }


def login(at: datetime, duration: float, success: str, tenant: str = REALM) -> Event:
    """One login."""
    return event(
        "bezgelor.auth.login_complete",
        at,
        tenant,
        kind="histogram",
        measurements={"duration_ms": duration},
        tags={"success": success},
        attributes={"account_id": str(round(duration * 10))},
    )


def gauge(name: str, measurement: str, at: datetime, value: float, tenant: str = REALM) -> Event:
    """One sample."""
    return event(name, at, tenant, kind="gauge", measurements={measurement: value})


def kill(at: datetime, reward: float, tenant: str = REALM) -> Event:
    """One creature killed."""
    return event(
        "bezgelor.creature.killed",
        at,
        tenant,
        kind="counter",
        measurements={"xp_reward": reward},
        tags={"zone_id": "100"},
        attributes={"creature_id": "1"},
    )


def damage(at: datetime, amount: float, tenant: str = REALM) -> Event:
    """One blow."""
    return event(
        "bezgelor.combat.damage", at, tenant, kind="counter", measurements={"damage_amount": amount}
    )


def events(anchor: datetime) -> list[Event]:
    """Everything that both realms sent; the last one of all comes late."""
    random = Random(37)
    told = [*_samples(anchor), *_day(anchor, random), *_month(anchor), *_odd(anchor)]
    told += _other(anchor)
    return [*told, login(anchor - timedelta(hours=20, minutes=7), 77, "true")]


def _out(minutes: float) -> bool:
    return OUTAGE[1] * 60 <= minutes <= OUTAGE[0] * 60


def _samples(anchor: datetime) -> Iterator[Event]:
    """Every five minutes for a day, every minute in its last hour, every eight hours before."""
    ages = [*range(60), *range(60, _DAY, 5), *range(_DAY, 31 * _DAY, 480)]
    for name, measurement, usual in GAUGES:
        for age in ages:
            if not _out(age):
                level = 1 + 0.4 * math.sin(age / _DAY * math.tau + 1) + 0.03 * math.sin(age * 1.7)
                at = anchor - timedelta(minutes=age, seconds=20)
                yield gauge(name, measurement, at, round(usual * level))


def _day(anchor: datetime, random: Random) -> Iterator[Event]:
    def some(count: int) -> Iterator[datetime]:
        for _ in range(count):
            # More towards the end, so that an hour is not empty.
            age = _DAY * random.random() ** 2
            if not _out(age):
                yield anchor - timedelta(minutes=age + 0.5)

    for at in some(260):
        yield login(
            at, round(random.lognormvariate(5, 0.6), 1), random.choice(("true",) * 6 + ("false",))
        )
    for name, count in COUNTED:
        for at in some(count):
            yield event(name, at)
    for at in some(170):
        yield kill(at, random.choice((50, 120, 500)))
    for at in some(170):
        yield damage(at, random.randint(5, 900))


def _month(anchor: datetime) -> Iterator[Event]:
    """A little of everything on each day before."""
    for day in range(1, 31):
        at = anchor - timedelta(days=day, hours=3, minutes=12)
        for place in range(3 + day % 4):
            yield login(at + timedelta(minutes=place), 100 + day, "false" if place == 0 else "true")
        for name, count in COUNTED:
            for place in range(1 + count % (day + 3) % 4):
                yield event(name, at + timedelta(minutes=place))
        yield kill(at, 10 * day)
        yield damage(at, 7 * day)


def _odd(anchor: datetime) -> Iterator[Event]:
    half_past = anchor.replace(second=0) - timedelta(minutes=30)
    # Twice in one minute: neither the sum nor the latest is what the chart shows.
    yield gauge("bezgelor.server.players", "online", half_past + timedelta(seconds=5), 100)
    yield gauge("bezgelor.server.players", "online", half_past + timedelta(seconds=10), 300)
    # Named, but without what the chart shows, in minutes that hold nothing else.
    early = anchor.replace(second=0) - timedelta(hours=OUTAGE[1], minutes=30)
    yield event("bezgelor.server.zones", early)
    yield event("bezgelor.creature.killed", early)
    # Neither a success nor a failure.
    yield event("bezgelor.auth.login_complete", half_past, measurements={"duration_ms": 150})
    # After the range.
    later = anchor + timedelta(minutes=3)
    yield login(later, 999, "false")
    yield kill(later, 9000)
    yield damage(later, 9000)
    yield gauge("bezgelor.server.players", "online", later, 9000)
    for name, _ in COUNTED:
        yield event(name, later)


def _other(anchor: datetime) -> Iterator[Event]:
    for age in (10, 25, 55, 300, 3000, 20000):
        at = anchor - timedelta(minutes=age)
        for name, measurement, usual in GAUGES:
            yield gauge(name, measurement, at, 3 * usual, OTHER)
        yield login(at, 5000, "false", OTHER)
        yield kill(at, 77, OTHER)
        yield damage(at, 7777, OTHER)
        for name, _ in COUNTED:
            yield event(name, at, OTHER)
