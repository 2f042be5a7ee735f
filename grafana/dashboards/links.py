"""What became of saved links: totals, processing, readers, and the health of what counts them."""

from __future__ import annotations

from dataclasses import dataclass

from millrace.grafana import boards, layout, navigation, variables
from millrace.grafana.dashboards import links_activity as activity
from millrace.grafana.dashboards import links_health as health
from millrace.grafana.dashboards import links_state as state
from millrace.grafana.foundation import dashboard
from millrace.grafana.layout import Line, Section
from millrace.grafana.panels import AnyPanel
from millrace.grafana.sql_files import sql

UID = "millrace-links"
_NAME = "links"


@dataclass(frozen=True)
class Stacked(Line):
    """Panels below each other, as one column beside the one panel of ``right``.

    ``heights`` are those of the column's panels and add up to the line's.
    """

    heights: tuple[int, ...] = ()
    right: tuple[int, AnyPanel] | None = None
    width: int = 16

    def places(self, top: int) -> list[tuple[int, AnyPanel, dashboard.GridPos]]:
        """Return each panel's id and place; raises ValueError when the line is not filled."""
        if self.right is None or sum(self.heights) != self.height:
            raise ValueError("A column must be as high as its line and have a panel beside it")
        found, below = [], top
        for (number, panel), height in zip(self.panels, self.heights, strict=True):
            place = dashboard.GridPos(h=height, w=self.width, x=0, y=below)
            found.append((number, panel, place))
            below += height
        number, panel = self.right
        rest = layout.COLUMNS - self.width
        beside = dashboard.GridPos(h=self.height, w=rest, x=self.width, y=top)
        return [*found, (number, panel, beside)]


def _telemetry() -> Section:
    """The panels of LINK-36 in its order."""
    cards = [(1, state.total()), (2, state.completed()), (3, state.pending()), (4, state.failed())]
    column: list[tuple[int, AnyPanel]] = [(5, state.links_over_time()), (7, state.performance())]
    return Section(
        "Telemetry",
        100,
        [
            Line(6, cards),
            Stacked(13, column, heights=(8, 5), right=(6, state.top_domains())),
            Line(12, [(8, state.recent_errors())]),
        ],
    )


def _system_health() -> Section:
    numbers = [
        (15, health.newest_event()),
        (16, health.worst_lag()),
        (17, health.rejected()),
        (18, health.oldest_pending()),
        (19, health.settled_rate()),
    ]
    charts = [(20, health.processing()), (21, health.rejects_by_reason())]
    return Section("System health", 103, [Line(4, numbers, (5, 5, 5, 5, 4)), Line(10, charts)])


def _sections() -> list[Section]:
    today = [
        (9, activity.links_today()),
        (10, activity.links_this_week()),
        (11, activity.interactions_today()),
        (12, state.deleted()),
    ]
    readers = [(13, activity.interactions()), (14, activity.reading())]
    trends = [(22, activity.trends())]
    return [
        _telemetry(),
        Section("Today", 101, [Line(4, today)]),
        Section("User activity", 102, [Line(10, readers)]),
        _system_health(),
        Section("Historical trends", 104, [Line(10, trends)], shut=True),
    ]


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = (
        boards.start(
            UID,
            "Links: Telemetry",
            "How many links are saved, how well they are processed, and what readers do with them."
            " One organisation at a time; its total is of now, history comes from the rollups.",
            tags=["links"],
            since="now-30d",
            refresh="1m",
        )
        .with_variable(variables.one_of("tenant", "Organisation", sql(_NAME, "variable_tenant")))
        .with_variable(variables.written("zone", "Time zone", "UTC"))
        .with_variable(
            variables.fixed("week", "Week begins on", [("Monday", "1"), ("Sunday", "0")])
        )
        .with_variable(variables.written("icons", "Address of icons", ""))
        .annotation(navigation.incomplete())
    )
    layout.place(board, _sections())
    return board.build()
