"""Who uses how much: events, series and budgets of tag values, by tenant and namespace."""

from __future__ import annotations

from millrace.grafana import boards, layout, navigation, variables
from millrace.grafana.dashboards import tenants_panels as shown
from millrace.grafana.foundation import dashboard
from millrace.grafana.layout import Line, Section
from millrace.grafana.sql_files import SHARED, sql

UID = "millrace-tenants"


def _sections() -> list[Section]:
    numbers = [
        (1, shown.tenants_seen()),
        (2, shown.events()),
        (3, shown.series()),
        (4, shown.nearly_used()),
        (5, shown.overflowed()),
        (6, shown.refused()),
    ]
    return [
        Section("Now", 100, [Line(4, numbers)]),
        Section(
            "Tenants",
            101,
            [
                Line(11, [(7, shown.events_by_tenant()), (8, shown.series_by_tenant())]),
                Line(9, [(9, shown.tenants())]),
            ],
        ),
        Section(
            "Budgets of tag values",
            102,
            [Line(10, [(10, shown.budgets())]), Line(8, [(11, shown.over_budget())])],
        ),
        Section(
            "Top offenders",
            103,
            [Line(10, [(12, shown.names()), (13, shown.namespaces())], (14, 10))],
        ),
    ]


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = boards.start(
        UID,
        "Tenants and budgets",
        "Who sends how much, whose series grow, and how far the budgets of tag values are used."
        " Own telemetry is left out.",
        tags=["tenants"],
        since="now-24h",
        refresh="1m",
    )
    board.with_variable(variables.tenant(sql(SHARED, "variable_tenant")))
    board.annotation(navigation.incomplete())
    layout.place(board, _sections())
    return board.build()
