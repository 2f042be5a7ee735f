"""Is the pipeline healthy, and what flows through it? The first dashboard to open."""

from __future__ import annotations

from millrace.grafana import navigation, variables
from millrace.grafana.dashboards import pipeline_details as details
from millrace.grafana.dashboards import pipeline_stats
from millrace.grafana.foundation import dashboard, dashboard_builders, table, timeseries
from millrace.grafana.sql_files import sql

UID = "millrace-pipeline"
_NAME = "pipeline_overview"

_Detail = table.Panel | timeseries.Panel


def _row(title: str, number: int, top: int) -> dashboard_builders.Row:
    return (
        dashboard_builders.Row(title).id(number).grid_pos(dashboard.GridPos(h=1, w=24, x=0, y=top))
    )


def _layout(board: dashboard_builders.Dashboard) -> None:
    board.with_row(_row("Now", 100, 0))
    for index, panel in enumerate(pipeline_stats.row()):
        place = dashboard.GridPos(h=5, w=3, x=index * 3, y=1)
        board.with_panel(panel.id(index + 1).grid_pos(place))
    # Ids are in links and addresses: a panel keeps its number for ever.
    rows: tuple[tuple[str, int, int, tuple[tuple[int, _Detail], ...]], ...] = (
        ("Throughput", 101, 9, ((9, details.rate_by_outcome()), (10, details.rate_by_name()))),
        ("Quality", 102, 8, ((11, details.rejects_by_reason()), (12, details.dropped_keys()))),
        (
            "Delay",
            103,
            9,
            (
                (13, details.lag_by_partition()),
                (14, details.ingest_delay()),
                (15, details.flush_time()),
            ),
        ),
        ("Events", 104, 9, ((16, details.top_events()),)),
        ("Workers", 105, 7, ((17, details.worker_memory()), (18, details.insert_retries()))),
    )
    top = 6
    for title, number, height, placed in rows:
        board.with_row(_row(title, number, top))
        width = 24 // len(placed)
        for index, (panel_id, placed_panel) in enumerate(placed):
            place = dashboard.GridPos(h=height, w=width, x=index * width, y=top + 1)
            board.with_panel(placed_panel.id(panel_id).grid_pos(place))
        top += 1 + height


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = (
        dashboard_builders.Dashboard("Millrace: pipeline overview")
        .uid(UID)
        .description("Is the pipeline healthy, and what flows through it? Generated from code.")
        .tags(["generated", "millrace"])
        .time("now-1h", "now")
        .refresh("10s")
        .timezone("utc")
        .readonly()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .with_variable(variables.datasource())
        .with_variable(variables.choice("tenant", "Tenant", sql(_NAME, "variable_tenant")))
        .annotation(navigation.annotation("Workers", sql(_NAME, "annotation_workers")))
        .link(navigation.other_dashboards())
    )
    _layout(board)
    return board.build()
