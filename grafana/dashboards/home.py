"""Home: is everything all right, and where to look if not? What Grafana opens with."""

from __future__ import annotations

from collections.abc import Iterator

from millrace.grafana import boards, layout, navigation, palette, panels, variables
from millrace.grafana.dashboards import pipeline_stats
from millrace.grafana.dashboards.home_rows import KEPT, ROWS
from millrace.grafana.foundation import dashboard, stat, units
from millrace.grafana.layout import Line, Section
from millrace.grafana.sql_files import SHARED, sql

UID = "millrace-home"
_NAME = "home"
_BOARDS = (
    ("Game server", "millrace-game", "server, sign-ins, gameplay and combat"),
    ("Identity", "millrace-identity", "sign-ins, permissions, webhooks, keys and mail"),
    ("Links", "millrace-links", "saved links, their processing and their domains"),
    ("Web app: performance", "millrace-webapp-performance", "endpoints by time and errors"),
    ("Web app: usage", "millrace-webapp-usage", "pages, features and active users"),
    ("Metric explorer", "millrace-explorer", "any metric, by any of its tags"),
    ("Tenants and budgets", "millrace-tenants", "series, top offenders and overflow"),
    ("Pipeline health", "millrace-pipeline", "rate, lag, refusals, proofs and the store"),
)
_RUNBOOKS = """\
Each [alert](/alerting/list) says what it found and leads to its runbook: what it means, the first \
three checks, and how to mend it.

The runbooks are the pages of `docs/runbooks` beside the code; the address that alerts give is the \
setting `GRAFANA_RUNBOOKS`.
"""


def _state() -> stat.Panel:
    steps: panels.Steps = (
        (None, palette.SUCCESS),
        (1, palette.WARNING),
        (2, palette.ERROR),
    )
    words = {
        "0": ("All right", palette.SUCCESS),
        "1": ("Have a look", palette.WARNING),
        "2": ("Broken", palette.ERROR),
        "3": ("No worker", palette.ERROR),
    }
    return (
        panels.default_stat(sql(_NAME, "pipeline_state"), units.NoUnit, steps)
        .title("Pipeline")
        .description("The worst of worker, lag, refusals and the newest proof. Good: all right.")
        .mappings(panels.value_words(words))
    )


def _verdicts() -> Iterator[stat.Panel]:
    yield _state()
    yield pipeline_stats.reconciled()
    yield pipeline_stats.rejected_share()
    yield pipeline_stats.worst_lag()
    yield pipeline_stats.data_complete_to()
    yield pipeline_stats.newest_data_age()


def _all_dashboards() -> str:
    return "\n".join(f"- [{title}](/d/{uid}?{KEPT}): {about}" for title, uid, about in _BOARDS)


def _sections() -> list[Section]:
    verdicts = Line(4, list(enumerate(_verdicts(), start=1)))
    more = Line(
        7,
        [
            (80, panels.default_text(_all_dashboards()).title("All dashboards")),
            (81, panels.default_text(_RUNBOOKS).title("When something is wrong")),
        ],
    )
    return [
        Section("Is everything all right?", 100, [verdicts]),
        Section("Who sends what", 101, [row.line() for row in ROWS]),
        Section("Where to go from here", 102, [more]),
    ]


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = (
        boards.start(
            UID,
            "Millrace: home",
            "Is everything all right, and where to look if not? Generated from code.",
        )
        .with_variable(variables.tenant(sql(SHARED, "variable_tenant")))
        .annotation(navigation.incomplete())
    )
    layout.place(board, _sections())
    return board.build()
