"""The moment at which simulated events happen: its time stamps, its ids, how busy the day is."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

#: One event as a document, before it is encoded.
Document = dict[str, Any]

#: Some events arrive late: this share, by up to so many seconds.
_LATE = ((0.0005, 36 * 3600.0), (0.005, 1800.0), (0.05, 5.0))


@dataclass(slots=True)
class Moment:
    """A point of time that the simulated services share; ``unix`` is set by whoever drives it."""

    random: Random
    unix: float

    def busy(self, peak_hour: float) -> float:
        """Return how busy a service is now, from 0.2 at night to 1 at its peak hour (UTC)."""
        hour = self.unix % 86400 / 3600
        return 0.6 + 0.4 * math.cos((hour - peak_hour) * math.pi / 12)

    def stamp(self, age: float = 0.0) -> str:
        """Return the RFC 3339 time ``age`` seconds ago."""
        then = datetime.fromtimestamp(self.unix - age, UTC).replace(tzinfo=None)
        return f"{then.isoformat(timespec='microseconds')}Z"

    def age(self) -> float:
        """Return how old the next event is: hardly at all, but for the late ones."""
        chance = self.random.random()
        for share, seconds in _LATE:
            if chance < share:
                return self.random.random() * seconds
            chance -= share
        return self.random.random() * 0.2

    def millis(self, typical: float, spread: float = 0.5) -> float:
        """Return a duration in ms with the long tail that real ones have."""
        return round(typical * self.random.lognormvariate(0.0, spread), 2)


class Ids:
    """UUIDs that cost nearly nothing: a random half for the run and a running number."""

    def __init__(self) -> None:
        random = secrets.token_hex(10)
        self._head = f"{random[:8]}-{random[8:12]}-4{random[12:15]}-8{random[15:18]}-"
        self._numbers = count()

    def next(self) -> str:
        """Return an id that no other event has."""
        return f"{self._head}{next(self._numbers):012x}"
