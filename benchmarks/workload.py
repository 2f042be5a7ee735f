"""The events that every contender drains, and what storing them must come to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

TENANT: Final = "bench"
PARTITIONS: Final = 4
SERIES: Final = 50

_ROUTES: Final = ("/api/orders", "/api/basket", "/api/search", "/checkout", "/login")
_METHODS: Final = ("GET", "POST")
_STATUSES: Final = ("2xx", "4xx", "5xx")
#: A key of the deny list: whoever stores it has not sanitized.
_AGENTS: Final = ("Firefox/128.0", "Chrome/140.0", "Safari/18.5", "curl/8.9.1", "okhttp/4.12")
#: Events of one second, by their own clock.
_EVENTS_A_SECOND: Final = 5_000
#: One event in so many has a name that must be refused.
_INVALID_EVERY: Final = 1_000
_QUARTERS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Totals:
    """What the valid events of a workload add up to."""

    events: int
    value: float
    series: int = SERIES


@dataclass(frozen=True, slots=True)
class Workload:
    """A number of events of about 300 bytes with ids, four tags each, in some series.

    Three tags stay and one is denied, so every event must be sanitized; one event in 1,000 is
    invalid. Each partition holds every series, or with ``apart`` each series is in one partition,
    as when producers use its name as the key. ``rate`` are the events of one second, by their own
    clock.
    """

    events: int
    start: datetime
    series: int = SERIES
    apart: bool = False
    rate: int = _EVENTS_A_SECOND

    @classmethod
    def until_now(cls, events: int, *, rate: int = _EVENTS_A_SECOND, **how: Any) -> Workload:
        """Return a workload whose last event is a second ago."""
        last = int(datetime.now(UTC).timestamp()) - 1
        start = datetime.fromtimestamp(last - events // rate, UTC)
        return cls(events, start, rate=rate, **how)

    @property
    def totals(self) -> Totals:
        """What a contender must have stored in the end."""
        numbers = np.arange(self.events)
        valid = numbers[numbers % _INVALID_EVERY != _INVALID_EVERY - 1]
        # A multiple of the invalid events' distance has series with none but such.
        series = self.series - self.series // _INVALID_EVERY
        return Totals(len(valid), float((valid % _QUARTERS).sum()) / 4, series)

    def records(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield (partition, key, value) of each event in order; the same on every call."""
        ids = random.Random(75)
        templates, keys = _templates(self.series), _keys()
        begun = int(self.start.timestamp())
        second = ""
        for number in range(self.events):
            past, tick = divmod(number, self.rate)
            if tick == 0:
                second = datetime.fromtimestamp(begun + past, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            digits = f"{ids.getrandbits(128):032x}"
            value = templates[number % len(templates)] % (
                "9 is no name"
                if number % _INVALID_EVERY == _INVALID_EVERY - 1
                else _NAMES[number % len(_NAMES)],
                f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}",
                f"{second}.{tick * (1_000_000 // self.rate):06d}Z",
                number % _QUARTERS / 4,
            )
            place = number % self.series if self.apart else number // self.series
            partition = place % PARTITIONS
            yield partition, keys[number % len(keys)], value.encode()


_NAMES: Final = tuple(f"shop.step_{number}" for number in range(10))


def _keys() -> list[bytes]:
    return [f"{TENANT}|{name}".encode() for name in _NAMES]


def _templates(series: int) -> list[str]:
    """Return one text a series and agent; name, id, time and value are still to come."""
    return [
        f'{{"schema_version":1,"name":"%s","id":"%s","tenant":"{TENANT}","kind":"histogram",'
        '"occurred_at":"%s","value":%s,"unit":"ms","source":"service:shop",'
        f'"tags":{{"route":"{_route(number // len(_NAMES))}",'
        f'"method":"{_method(number)}","status_class":"{_STATUSES[number % 3]}",'
        f'"user_agent":"{agent}"}}}}'
        for agent in _AGENTS
        for number in range(series)
    ]


def _route(number: int) -> str:
    # A tag key has a hundred values, as many as its budget allows.
    number %= 100
    return _ROUTES[number] if number < len(_ROUTES) else f"/api/pages/{number}"


def _method(number: int) -> str:
    return _METHODS[number % 2] if number < 1_000 else f"METHOD_{number // 1_000}"
