"""Values of events as facts, for tests of live values, and what becomes of them in a topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from millrace.schemas.window import LiveValue
from millrace.streams.live import Live
from millrace.streams.measured import Measured, Values
from millrace.streams.settings import WindowSettings

KINDS = ["event", "counter", "gauge", "histogram", "summary"]
LIFE = 100_000
START = 1_795_176_000_000
FAR = 1 << 50  # a clock that is never behind the log's
OWN = b'["partition",2]'
SETTINGS = WindowSettings(live_life=LIFE / 1000, observations=3)

Topic = dict[bytes, bytes]


class Fact(NamedTuple):
    """One value of one event; ``occurred`` in microseconds, ``received`` in milliseconds."""

    offset: int
    series: int
    kind: str
    value: float
    occurred: int
    received: int


def series(number: int) -> Measured:
    tags = (("k", "é"), ("z", str(number))) if number % 2 else ()
    return Measured("t", f"a.b{number // 4}", f"m{number // 2 % 2}", tags)


def values(facts: Sequence[Fact]) -> Values:
    """Return facts as a batch has them: series in order of their first place."""
    order = list(dict.fromkeys(fact.series for fact in facts))
    return Values(
        [series(number) for number in order],
        np.array([order.index(fact.series) for fact in facts], np.int64),
        np.array([fact.value for fact in facts], np.float64),
        np.array([fact.occurred for fact in facts], np.int64),
        np.array([fact.received for fact in facts], np.int64),
        np.array([fact.offset for fact in facts], np.int64),
        np.array([KINDS.index(fact.kind) for fact in facts], np.int64),
    )


def one(offset: int, kind: str, value: float, **changes: Any) -> Fact:
    """Return a fact of series 0, each a second after the one before it."""
    at = START + offset * 1000
    fact = Fact(offset, 0, kind, value, at * 1000, at)
    return fact._replace(**changes)


def live(*facts: Fact, settings: WindowSettings = SETTINGS) -> Live:
    made = Live(settings, "log", 2)
    if facts:
        made.add(values(facts), facts[-1].offset + 1)
    return made


def deliver(topic: Topic, records: Sequence[tuple[bytes, bytes | None]]) -> None:
    for key, value in records:
        if value is None:
            topic.pop(key, None)
        else:
            topic[key] = value


def published(live: Live, through: int = 99, now: int = FAR) -> Topic:
    topic: Topic = {}
    deliver(topic, live.publish(through, now))
    return topic


def only(live: Live) -> LiveValue:
    (value,) = (value for key, value in published(live).items() if key != OWN)
    return LiveValue.model_validate_json(value)
