"""Units in words for axes; Grafana itself only writes their symbols."""

from __future__ import annotations

from collections.abc import Mapping

from millrace.grafana.foundation import units

WORDS: Mapping[str, str] = {
    units.Milliseconds: "milliseconds",
    units.Seconds: "seconds",
    units.Minutes: "minutes",
    units.Days: "days",
    units.BytesIEC: "bytes",
    units.BytesSI: "bytes",
    units.PercentUnit: "share",
    units.Percent: "percent",
    units.EventsPerSecond: "events a second",
    units.CountsPerMinute: "a minute",
    units.CountsPerSecond: "a second",
    units.Short: "number",
    units.NoUnit: "number",
    units.LocaleFormat: "number",
}


def word(unit: str) -> str:
    """Return the unit in English words, empty when it needs none."""
    return WORDS.get(unit, "")
