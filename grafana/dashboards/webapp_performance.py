"""How fast does the web application answer, where is it slow, and what fails?"""

from __future__ import annotations

from millrace.grafana import limits, palette, panels, variables
from millrace.grafana.dashboards.webapp_panels import (
    GOOD,
    NO_DATA,
    active_users,
    anonymous,
    card,
    colored,
    line,
    start,
    summed,
)
from millrace.grafana.foundation import (
    common_builders,
    dashboard,
    stat,
    table,
    timeseries,
    units,
)
from millrace.grafana.layout import Line, Section, place
from millrace.grafana.sql_files import sql

UID = "millrace-webapp-performance"
_NAME = "webapp_performance"
_SLOW: panels.Steps = ((None, GOOD), (limits.P95_BAD, palette.WEB_RED))
_FAILING: panels.Steps = ((None, GOOD), (limits.ERRORS_BAD, palette.WEB_RED))
_ONLY_THIS = (
    f"/d/{UID}?${{__url_time_range}}&${{tenant:queryparam}}"
    '&var-endpoint=${__data.fields["Endpoint"]:percentencode}'
)


def _average() -> stat.Panel:
    return (
        card(_NAME, "average_response_time", units.Milliseconds)
        .title("Average response time")
        .description("All time spent answering over all requests. Good: level week on week.")
    )


def _p95() -> stat.Panel:
    return (
        card(_NAME, "p95_response_time", units.Milliseconds, _SLOW)
        .title("P95 response time")
        .description("95 of 100 requests are answered at least this fast. Good: under 1 s.")
    )


def _error_rate() -> stat.Panel:
    return (
        card(_NAME, "error_rate", units.PercentUnit, _FAILING)
        .min(0)
        .max(1)
        .decimals(2)
        .title("Error rate")
        .description("Requests with status 400 or more over all requests. Good: below 5 %.")
    )


def _requests() -> stat.Panel:
    return (
        card(_NAME, "requests", units.Short)
        .title("Requests")
        .description("Requests answered in the range. Good: as many as expected.")
    )


def _errors() -> stat.Panel:
    return (
        card(_NAME, "errors", units.Short, ((None, GOOD), (1, palette.WEB_RED)))
        .title("Errors")
        .description("Requests with status 400 or more. Good: none.")
    )


def _endpoints() -> table.Panel:
    columns = ("Average", "P50", "P95", "P99")
    return (
        panels.default_table(
            sql(_NAME, "endpoints"),
            units={
                **dict.fromkeys(columns, units.Milliseconds),
                "Requests": units.Short,
                "Error rate": units.PercentUnit,
            },
            widths={
                "Method": 100,
                **dict.fromkeys(columns, 120),
                "Requests": 120,
                "Error rate": 140,
            },
        )
        .title("Endpoints")
        .description("Every endpoint, slowest first; a click on one shows it alone.")
        .no_value(NO_DATA)
        .sort_by([common_builders.TableSortByFieldState().display_name("Average").desc(True)])
        .override_by_name(
            "Endpoint",
            [
                dashboard.DynamicConfigValue(
                    id_val="links", value=panels.link("Only this endpoint", _ONLY_THIS)
                )
            ],
        )
    )


def _response_time_trend() -> timeseries.Panel:
    panel = line(_NAME, "response_time_trend", units.Milliseconds)
    return (
        colored(panel, Average=palette.WEB_BLUE, P50=palette.WEB_GREEN)
        .title("Response time trend")
        .description("Average and median of each bucket. Good: both level and close together.")
    )


def _p95_trend() -> timeseries.Panel:
    panel = line(_NAME, "p95_trend", units.Milliseconds, steps=_SLOW)
    return (
        colored(panel, P95=palette.WEB_BLUE, P99=palette.WEB_RED)
        .title("P95 and P99 over time")
        .description("What the slowest of 20 and of 100 requests took. Good: P95 under 1 s.")
    )


def _errors_trend() -> timeseries.Panel:
    panel = summed(line(_NAME, "errors_trend", units.Short, "errors"))
    return (
        colored(panel, Client_errors=palette.WEB_BLUE, Server_errors=palette.WEB_RED)
        .title("Errors over time")
        .description("Failed requests of each bucket by who is to blame. Good: none of the server.")
    )


def _requests_trend() -> timeseries.Panel:
    panel = summed(line(_NAME, "requests_trend", units.Short, "requests"))
    return (
        colored(panel, Requests=palette.WEB_BLUE)
        .title("Requests over time")
        .description("Requests of each bucket. Good: the usual course of the day.")
    )


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = (
        start(
            UID,
            "Web app performance",
            "How fast does the web application answer, where is it slow, and what fails?",
        )
        .with_variable(variables.choice("endpoint", "Endpoint", sql(_NAME, "variable_endpoint")))
        .with_variable(anonymous())
    )
    cards = [
        (1, _average()),
        (2, _p95()),
        (3, _error_rate()),
        (4, _errors()),
        (5, _requests()),
        (6, active_users(_NAME)),
    ]
    trends = [
        Line(9, [(7, _response_time_trend()), (8, _p95_trend())]),
        Line(9, [(9, _errors_trend()), (10, _requests_trend())]),
    ]
    place(
        board,
        [
            Section("Summary", 100, [Line(4, cards)]),
            Section("Endpoints, slowest first", 101, [Line(12, [(11, _endpoints())])]),
            Section("Trends", 102, trends),
        ],
    )
    return board.build()
