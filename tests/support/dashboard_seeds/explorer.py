"""Metrics of three kinds of one tenant, all in the two hours before the anchor, and another's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Event = dict[str, Any]

LAB = "exp-lab"
#: Has metrics of the same names.
OTHER = "exp-other"
ROOMS = tuple(f"r{number:02d}" for number in range(14))
DOORS = tuple(f"d{number:02d}" for number in range(13))


def metric(name: str, kind: str, at: datetime, value: float, **fields: Any) -> Event:
    """One measured value."""
    return {
        "tenant": LAB,
        "name": name,
        "kind": kind,
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
        "value": value,
        **fields,
    }


def events(anchor: datetime) -> list[Event]:
    """Everything that was measured."""
    return [*_temperatures(anchor), *_visits(anchor), *_waits(anchor), *_others(anchor)]


def _temperatures(anchor: datetime) -> Iterator[Event]:
    """A gauge: sampled twice in a minute, by two halls; a room without a hall of its own."""
    for step in range(10):
        at = anchor - timedelta(minutes=10 * step + 5)
        for number, room in enumerate(ROOMS):
            hall = {"hall": "south" if number % 2 else "north"} if number != 13 else {}
            for second, value in ((0, 15 + number + step), (30, 20 + number - step)):
                yield metric(
                    "lab.temperature",
                    "gauge",
                    at + timedelta(seconds=second),
                    value,
                    tags={"room": room, **hall},
                    unit="celsius",
                )


def _visits(anchor: datetime) -> Iterator[Event]:
    """A counter with an hour's gap, and one visit after the range."""
    for minute in range(0, 110, 2):
        if 30 <= minute < 90:
            continue
        at = anchor - timedelta(minutes=minute + 1)
        for number, door in enumerate(DOORS):
            if minute % (number + 2) == 0:
                yield metric(
                    "lab.visits",
                    "counter",
                    at,
                    1 + number % 3,
                    tags={"door": door},
                    actor=f"visitor-{minute % 7}",
                )
    yield metric("lab.visits", "counter", anchor + timedelta(hours=1), 5, tags={"door": "d00"})


def _waits(anchor: datetime) -> Iterator[Event]:
    """A histogram: ninety short waits and ten long ones, so that means of percentiles are wrong."""
    for number in range(100):
        at = anchor - timedelta(seconds=40 * number + 20)
        queue = "slow" if number % 10 == 0 else "fast"
        value = 1000 + number if queue == "slow" else 1 + number
        yield metric("lab.wait", "histogram", at, value, tags={"queue": queue}, unit="ms")


def _others(anchor: datetime) -> Iterator[Event]:
    for number in range(20):
        at = anchor - timedelta(minutes=3 * number + 2)
        yield metric("lab.visits", "counter", at, 1000, tags={"door": "d00"}) | {"tenant": OTHER}
        yield metric("lab.wait", "histogram", at, 9e6, tags={"queue": "fast"}) | {"tenant": OTHER}
        cold = metric("lab.temperature", "gauge", at, -200, tags={"room": "r00"})
        yield cold | {"tenant": OTHER}
