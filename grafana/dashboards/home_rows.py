"""A line of the home dashboard for each group of users: how much, how much failed, how fresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from millrace.grafana import limits, palette, panels
from millrace.grafana.foundation import stat, units
from millrace.grafana.layout import Line
from millrace.grafana.sql_files import sql

_NAME = "home"
#: What keeps the viewer's range and choices on the way to another dashboard.
KEPT = "${__url_time_range}&${__all_variables}"
_WIDTHS = (5, 9, 5, 5)
_HEIGHT = 4
#: A group may rest, so old data is worth a look and never red.
_AGE: panels.Steps = ((None, palette.SUCCESS), (limits.SOURCE_AGE_BAD, palette.WARNING))


@dataclass(frozen=True)
class Row:
    """A group: its first panel id, its SQL files, and what an error is to it."""

    first_id: int
    name: str
    about: str
    errors_title: str
    errors_description: str
    errors_from: tuple[float | None, float]
    files: Mapping[str, tuple[str, str]]
    age: panels.Steps = _AGE

    def line(self) -> Line:
        """Its four panels, side by side."""
        numbers = (self._rate(), self._errors(), self._newest())
        placed: list[tuple[int, panels.AnyPanel]] = [
            (self.first_id, panels.default_text(self.about)),
            *enumerate(numbers, start=self.first_id + 1),
        ]
        return Line(_HEIGHT, placed, _WIDTHS)

    def _rate(self) -> stat.Panel:
        return (
            panels.default_sparkline(sql(*self.files["rate"]), units.EventsPerSecond)
            .title(f"{self.name}: events a second")
            .description("Events by event time, newest whole bucket. Good: as at other times.")
            .interval("10s")
            .max_data_points(100)
        )

    def _errors(self) -> stat.Panel:
        warn, bad = self.errors_from
        steps: panels.Steps = ((None, palette.SUCCESS), (bad, palette.ERROR))
        if warn is not None:
            steps = ((None, palette.SUCCESS), (warn, palette.WARNING), (bad, palette.ERROR))
        return (
            panels.default_stat(sql(*self.files["errors"]), units.PercentUnit, steps)
            .title(self.errors_title)
            .description(self.errors_description)
            .min(0)
            .max(1)
            .decimals(1)
        )

    def _newest(self) -> stat.Panel:
        return (
            panels.default_stat(sql(*self.files["newest"]), units.Seconds, self.age)
            .title(f"{self.name}: newest data")
            .description("Time since the newest event. Good: minutes, while the source is in use.")
            .decimals(0)
        )


def _about(name: str, uids: Sequence[tuple[str, str]], words: str) -> str:
    links = " · ".join(f"[{title}](/d/{uid}?{KEPT})" for title, uid in uids)
    return f"### {name}\n\n{words}\n\n{links}"


def _group(key: str) -> dict[str, tuple[str, str]]:
    return {part: (_NAME, f"{key}_{part}") for part in ("rate", "errors", "newest")}


ROWS = (
    Row(
        10,
        "Game",
        _about("Game", [("Game server", "millrace-game")], "Sign-ins, quests, combat."),
        "Game: failed",
        "Share of game events with success = false. Good: below 5 %.",
        (limits.ERRORS_WARN, limits.ERRORS_BAD),
        _group("game"),
    ),
    Row(
        20,
        "Metrics",
        _about(
            "Metrics",
            [("Tenants and budgets", "millrace-tenants"), ("Explorer", "millrace-explorer")],
            "Whatever tenants measure.",
        ),
        "Metrics: refused",
        "Share of the tenants' own metrics that were refused. Good: below 1 %.",
        (limits.REJECTED_WARN, limits.REJECTED_BAD),
        _group("metrics"),
    ),
    Row(
        30,
        "Identity",
        _about("Identity", [("Identity", "millrace-identity")], "Sign-ins, permissions, keys."),
        "Identity: failed sign-ins",
        "Share of sign-ins that failed. Good: below 30 %.",
        (None, limits.LOGIN_FAILED_BAD),
        _group("identity"),
    ),
    Row(
        40,
        "Links",
        _about("Links", [("Links", "millrace-links")], "Saved links and their processing."),
        "Links: failed processing",
        "Share of finished processings that failed. Good: below 5 %.",
        (limits.ERRORS_WARN, limits.ERRORS_BAD),
        _group("links"),
    ),
    Row(
        50,
        "Web app",
        _about(
            "Web app",
            [
                ("Performance", "millrace-webapp-performance"),
                ("Usage", "millrace-webapp-usage"),
            ],
            "Requests and what people do.",
        ),
        "Web app: failed requests",
        "Share of requests with a status from 400 on. Good: below 5 %.",
        (limits.ERRORS_WARN, limits.ERRORS_BAD),
        _group("webapp"),
    ),
    Row(
        60,
        "Pipeline",
        _about("Pipeline", [("Pipeline health", "millrace-pipeline")], "All of it, on its way."),
        "Pipeline: rejected",
        "Share of delivered events that were refused. Good: below 1 %.",
        (limits.REJECTED_WARN, limits.REJECTED_BAD),
        {
            "rate": (_NAME, "pipeline_rate"),
            "errors": ("pipeline_overview", "rejected_share"),
            "newest": ("pipeline_overview", "newest_data_age"),
        },
        age=panels.AGE,
    ),
)
