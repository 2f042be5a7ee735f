"""Any metric, any aggregation, grouped by any of its tags."""

from __future__ import annotations

from millrace.grafana import boards, layout, navigation, variables
from millrace.grafana.dashboards import explorer_panels as shown
from millrace.grafana.foundation import dashboard
from millrace.grafana.layout import Line, Section
from millrace.grafana.sql_files import sql

UID = "millrace-explorer"
_NAME = "explorer"
#: What a metric may be asked for: the text of each is its value.
AGGREGATIONS = ("avg", "sum", "min", "max", "count", "last", "p50", "p90", "p95", "p99", "rate")


def _sections() -> list[Section]:
    numbers = [
        (2, shown.over_range()),
        (3, shown.values_count()),
        (4, shown.series()),
        (5, shown.actors()),
    ]
    return [
        Section("Metric", 100, [Line(4, [(1, shown.about())]), Line(4, numbers)]),
        Section("Over time", 101, [Line(14, [(6, shown.values())])]),
        Section("Groups", 102, [Line(10, [(7, shown.groups())])]),
    ]


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = boards.start(
        UID,
        "Metric explorer",
        "Any metric that the store holds: choose its name, measurement and aggregation, group it by"
        " any of its tags, narrow it to values of one tag.",
        tags=["explorer"],
        since="now-24h",
        refresh="1m",
    )
    board.with_variable(variables.tenant(sql(_NAME, "variable_tenant")))
    board.with_variable(variables.one_of("name", "Metric", sql(_NAME, "variable_name")))
    board.with_variable(
        variables.one_of("measurement", "Measurement", sql(_NAME, "variable_measurement"))
    )
    board.with_variable(
        variables.fixed("aggregation", "Aggregation", [(one, one) for one in AGGREGATIONS])
    )
    board.with_variable(variables.one_of("group_by", "Group by", sql(_NAME, "variable_tag")))
    board.with_variable(
        variables.one_of("filter_tag", "Only where tag", sql(_NAME, "variable_tag"))
    )
    board.with_variable(
        variables.choice("filter_value", "has the value", sql(_NAME, "variable_filter_value"))
    )
    board.annotation(navigation.incomplete())
    layout.place(board, _sections())
    return board.build()
