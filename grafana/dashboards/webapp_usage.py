"""What do the users of the web application do, on which pages, and how many are they?"""

from __future__ import annotations

from millrace.grafana import palette, panels, variables
from millrace.grafana.dashboards.webapp_panels import (
    CALM,
    NO_DATA,
    active_users,
    anonymous,
    card,
    colored,
    line,
    start,
    summed,
)
from millrace.grafana.foundation import bargauge, common, dashboard, stat, table, timeseries, units
from millrace.grafana.layout import Line, Section, place
from millrace.grafana.sql_files import sql

UID = "millrace-webapp-usage"
_NAME = "webapp_usage"
_BAR = 48


def _total_events() -> stat.Panel:
    return (
        card(_NAME, "total_events", units.Short)
        .title("Total events")
        .description("Usage events of the range; requests are not among them. Good: never none.")
    )


def _unique_users() -> stat.Panel:
    return (
        card(_NAME, "unique_users", units.Short)
        .title("Unique users")
        .description("Distinct users of the pages over the whole range. Good: as expected.")
    )


def _event_types() -> stat.Panel:
    return (
        card(_NAME, "event_types", units.Short)
        .title("Event types")
        .description("How many kinds of usage events came. Good: all that the tracker sends.")
    )


def _bars(query: str) -> bargauge.Panel:
    return (
        panels.default_bargauge(sql(_NAME, query), units.Short, CALM)
        .no_value(NO_DATA)
        # The other modes paint bars so pale that they fall below 3:1.
        .display_mode(common.BarGaugeDisplayMode.GRADIENT)
        .value_mode(common.BarGaugeValueMode.TEXT)
        .sizing(common.BarGaugeSizing.MANUAL)
        .max_viz_height(_BAR)
    )


def _distribution() -> bargauge.Panel:
    return (
        _bars("distribution")
        .title("Event distribution")
        .description("Usage events of the range by type. Good: every type that you track is there.")
    )


def _top_pages() -> bargauge.Panel:
    return (
        _bars("top_pages")
        .title("Top 5 pages by views")
        .description("The most viewed pages, whatever event type is chosen. Good: no stranger.")
    )


def _usage_trend() -> timeseries.Panel:
    panel = summed(line(_NAME, "usage_trend", units.Short, "events"))
    return (
        colored(panel, Events=palette.WEB_BLUE)
        .title("Usage trend")
        .description("Usage events of each bucket. Good: the usual course of the day.")
    )


def _active_users_trend() -> timeseries.Panel:
    panel = line(_NAME, "active_users_trend", units.Short, "users")
    return (
        colored(panel, Active_users=palette.WEB_GREEN)
        .title("Active users over time")
        .description(
            "Distinct users of API and pages in each bucket, which do not add up to those of the"
            " range. Good: the usual course of the day."
        )
    )


def _pages() -> table.Panel:
    columns = ("Views", "Other events", "Unique users")
    return (
        panels.default_table(
            sql(_NAME, "pages"),
            units=dict.fromkeys(columns, units.Short),
            widths=dict.fromkeys(columns, 190),
        )
        .title("Pages")
        .description("Every page with its views, other events and users, most viewed first.")
        .no_value(NO_DATA)
    )


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = (
        start(
            UID,
            "Web app usage",
            "What do the users of the web application do, on which pages, and how many are they?",
        )
        .with_variable(
            variables.choice("event_type", "Event type", sql(_NAME, "variable_event_type"))
        )
        .with_variable(anonymous())
    )
    cards = [
        (1, _total_events()),
        (2, _unique_users()),
        (3, _event_types()),
        (4, active_users(_NAME)),
    ]
    place(
        board,
        [
            Section("Summary", 100, [Line(4, cards)]),
            Section("Trends", 101, [Line(9, [(5, _usage_trend()), (6, _active_users_trend())])]),
            Section("What and where", 102, [Line(8, [(7, _distribution()), (8, _top_pages())])]),
            Section("All pages", 103, [Line(10, [(9, _pages())])]),
        ],
    )
    return board.build()
