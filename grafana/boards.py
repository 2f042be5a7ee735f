"""The frame that every dashboard shares: folder tags, ranges, refresh, menu and data source."""

from __future__ import annotations

from collections.abc import Sequence

from millrace.grafana import navigation, variables
from millrace.grafana.foundation import dashboard, dashboard_builders

#: (what the viewer reads, from, to): the ranges offered first, shortest first.
Range = tuple[str, str, str]
RANGES: Sequence[Range] = (
    ("Last 15 minutes", "now-15m", "now"),
    ("Last 1 hour", "now-1h", "now"),
    ("Last 6 hours", "now-6h", "now"),
    ("Last 24 hours", "now-24h", "now"),
    ("Last 7 days", "now-7d", "now"),
    ("Last 30 days", "now-30d", "now"),
    ("Last 90 days", "now-90d", "now"),
)
REFRESHES: Sequence[str] = ("10s", "15s", "30s", "1m", "5m")


def start(
    uid: str,
    title: str,
    description: str,
    *,
    tags: Sequence[str] = (),
    since: str = "now-1h",
    refresh: str = "30s",
    ranges: Sequence[Range] = RANGES,
    week_start: str = "monday",
) -> dashboard_builders.Dashboard:
    """Begin a dashboard of the folder Millrace: read-only, UTC, with the menu of all the others."""
    options = [
        dashboard_builders.TimeOption().display(text).from_val(since).to(until)
        for text, since, until in ranges
    ]
    picker = dashboard_builders.TimePicker().refresh_intervals(list(REFRESHES))
    return (
        dashboard_builders.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["generated", "millrace", *tags])
        .time(since, "now")
        .timepicker(picker.quick_ranges(list(options)))
        .refresh(refresh)
        .timezone("utc")
        .week_start(week_start)
        .readonly()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .with_variable(variables.datasource())
        .link(navigation.other_dashboards())
    )
