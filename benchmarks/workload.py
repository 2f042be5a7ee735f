"""The events that every contender drains, and what storing them must come to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

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
    """A number of events of about 300 bytes with ids, four tags each, in 50 series.

    Three tags stay and one is denied, so every event must be sanitized; one event in 1,000 is
    invalid. Each partition holds every series.
    """

    events: int
    start: datetime

    @classmethod
    def until_now(cls, events: int) -> Workload:
        """Return a workload whose last event is a second ago."""
        last = int(datetime.now(UTC).timestamp()) - 1
        return cls(events, datetime.fromtimestamp(last - events // _EVENTS_A_SECOND, UTC))

    @property
    def totals(self) -> Totals:
        """What a contender must have stored in the end."""
        numbers = np.arange(self.events)
        valid = numbers[numbers % _INVALID_EVERY != _INVALID_EVERY - 1]
        return Totals(len(valid), float((valid % _QUARTERS).sum()) / 4)

    def records(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield (partition, key, value) of each event in order; the same on every call."""
        ids = random.Random(75)
        templates, keys = _templates(), _keys()
        begun = int(self.start.timestamp())
        second = ""
        for number in range(self.events):
            past, tick = divmod(number, _EVENTS_A_SECOND)
            if tick == 0:
                second = datetime.fromtimestamp(begun + past, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            digits = f"{ids.getrandbits(128):032x}"
            value = templates[number % len(templates)] % (
                "9 is no name"
                if number % _INVALID_EVERY == _INVALID_EVERY - 1
                else _NAMES[number % len(_NAMES)],
                f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}",
                f"{second}.{tick * (1_000_000 // _EVENTS_A_SECOND):06d}Z",
                number % _QUARTERS / 4,
            )
            partition = number // SERIES % PARTITIONS
            yield partition, keys[number % len(keys)], value.encode()


_NAMES: Final = tuple(f"shop.step_{number}" for number in range(10))


def _keys() -> list[bytes]:
    return [f"{TENANT}|{name}".encode() for name in _NAMES]


def _templates() -> list[str]:
    """Return one text a series and agent; name, id, time and value are still to come."""
    return [
        f'{{"schema_version":1,"name":"%s","id":"%s","tenant":"{TENANT}","kind":"histogram",'
        '"occurred_at":"%s","value":%s,"unit":"ms","source":"service:shop",'
        f'"tags":{{"route":"{_ROUTES[series // len(_NAMES)]}",'
        f'"method":"{_METHODS[series % 2]}","status_class":"{_STATUSES[series % 3]}",'
        f'"user_agent":"{agent}"}}}}'
        for agent in _AGENTS
        for series in range(SERIES)
    ]
