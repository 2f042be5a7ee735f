"""What each colour means, the same on every dashboard.

The status colours are those of IDENT-50, the series of the game those of GAME-50, the web
application's those of WEBAPP-78 (darker where its note asks for it). ``contrast`` is WCAG 2.1's.
"""

from __future__ import annotations

from typing import Final

SUCCESS: Final = "#22c55e"
ERROR: Final = "#ef4444"
WARNING: Final = "#eab308"
PRIMARY: Final = "#3b82f6"
SECONDARY: Final = "#a855f7"
NEUTRAL: Final = "#6b7280"
#: IDENT-40: a denial is no error, so it has a colour of its own.
DENIED: Final = "#f97316"
PLAIN_LINE: Final = "#8884d8"

MEASURED: Final = "rgb(75, 192, 192)"
COUNTED: Final = "rgb(54, 162, 235)"
SUCCEEDED: Final = "rgba(75, 192, 192, 0.6)"
FAILED: Final = "rgba(255, 99, 132, 0.6)"

WEB_BLUE: Final = "#0066CC"
WEB_GREEN: Final = "#00A267"
WEB_GREEN_TEXT: Final = "#008152"
WEB_RED: Final = "#D32F2F"

#: Week on week: at least as many as before, or fewer.
MORE: Final = "#16a34a"
FEWER: Final = "#dc2626"

#: What stands for itself on a dark screen: lines, bars and numbers of 3:1 or more.
ON_DARK: Final = (
    SUCCESS, ERROR, WARNING, PRIMARY, SECONDARY, NEUTRAL, DENIED, PLAIN_LINE,
    MEASURED, COUNTED, MORE, FEWER,
)  # fmt: skip
#: The same on light backgrounds.
ON_LIGHT: Final = (WEB_BLUE, WEB_GREEN, WEB_RED)
TEXT_ON_LIGHT: Final = (WEB_BLUE, WEB_GREEN_TEXT, WEB_RED)
ALL: Final = frozenset(
    (*ON_DARK, *ON_LIGHT, *TEXT_ON_LIGHT, SUCCEEDED, FAILED)
)  # fmt: skip
#: Grafana's own panel backgrounds, and the two that WEBAPP-78 names.
DARK: Final = "#181b1f"
LIGHT: Final = ("#FFFFFF", "#F5F5F5")


def contrast(one: str, other: str) -> float:
    """Return the ratio of two opaque colours, 1 to 21, by WCAG 2.1's relative luminance."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(color: str) -> tuple[int, int, int]:
    if color.startswith("#"):
        number = int(color[1:], 16)
        return number >> 16, number >> 8 & 255, number & 255
    red, green, blue = color.removeprefix("rgb(").removesuffix(")").split(",")
    return int(red), int(green), int(blue)


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
