"""What a dashboard knows when it runs a query: range, bucket width, chosen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

#: Grafana's own word for "all values".
ALL = "$__all"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a dashboard knows when it runs a query.

    ``values`` are the chosen values of each variable, ``(ALL,)`` for all of them; ``filters`` are
    ad-hoc filters as (key, operator, value).
    """

    start: datetime
    end: datetime
    interval_ms: int
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    filters: Sequence[tuple[str, str, str]] = ()

    @property
    def interval_s(self) -> int:
        """Whole seconds, at least one."""
        return max(self.interval_ms // 1000, 1)


def milliseconds(moment: datetime) -> int:
    """Return the moment in milliseconds since 1970."""
    return round(moment.timestamp() * 1000)
