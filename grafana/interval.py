"""How wide a bucket is: the same choice that Grafana makes from range, width and panel minimum."""

from __future__ import annotations

import re
from bisect import bisect_right

from millrace.grafana.sql_text import MacroError

_SECOND = 1000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
#: (below this many milliseconds, use this many), ascending.
_STEPS = (
    (10, 1),
    (15, 10),
    (35, 20),
    (75, 50),
    (150, 100),
    (350, 200),
    (750, 500),
    (1_500, _SECOND),
    (3_500, 2 * _SECOND),
    (7_500, 5 * _SECOND),
    (12_500, 10 * _SECOND),
    (17_500, 15 * _SECOND),
    (25_000, 20 * _SECOND),
    (45_000, 30 * _SECOND),
    (90_000, _MINUTE),
    (210_000, 2 * _MINUTE),
    (450_000, 5 * _MINUTE),
    (750_000, 10 * _MINUTE),
    (1_050_000, 15 * _MINUTE),
    (1_500_000, 20 * _MINUTE),
    (2_700_000, 30 * _MINUTE),
    (5_400_000, _HOUR),
    (9_000_000, 2 * _HOUR),
    (16_200_000, 3 * _HOUR),
    (32_400_000, 6 * _HOUR),
    (86_400_000, 12 * _HOUR),
    (604_800_000, _DAY),
    (1_814_400_000, 7 * _DAY),
    (3_628_800_000, 30 * _DAY),
)
_UNITS = {"ms": 1, "s": _SECOND, "m": _MINUTE, "h": _HOUR, "d": _DAY}


def milliseconds(text: str) -> int:
    """Return a period such as ``30s`` in milliseconds; raises MacroError."""
    found = re.fullmatch(r"(\d{1,9})(ms|s|m|h|d)", text)
    if not found:
        raise MacroError(f"The period {text!r} is not a number with ms, s, m, h or d")
    return int(found[1]) * _UNITS[found[2]]


def interval(span_ms: int, points: int, minimum: str = "") -> int:
    """Return the milliseconds of one bucket."""
    wanted = span_ms / max(points, 1)
    index = bisect_right([limit for limit, _ in _STEPS], wanted)
    rounded = _STEPS[index][1] if index < len(_STEPS) else 365 * _DAY
    return max(rounded, milliseconds(minimum) if minimum else 1)
