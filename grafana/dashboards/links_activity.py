"""The panels of the links dashboard about what happens day by day."""

from __future__ import annotations

from millrace.grafana import palette, panels
from millrace.grafana.dashboards.links_state import card
from millrace.grafana.foundation import stat, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "links"


def links_today() -> stat.Panel:
    """LINK-13."""
    return (
        card(panels.default_stat(sql(_NAME, "links_today"), units.LocaleFormat))
        .title("Links Today")
        .description(
            "Undeleted links saved since midnight of the chosen time zone, on the range's last"
            " day. Good: as on other days."
        )
    )


def links_this_week() -> stat.Panel:
    """LINK-14."""
    return (
        card(panels.default_stat(sql(_NAME, "links_this_week"), units.LocaleFormat))
        .title("Links This Week")
        .description("Undeleted links saved since the week began. Good: as in other weeks.")
    )


def interactions_today() -> stat.Panel:
    """LINK-15."""
    return (
        card(panels.default_stat(sql(_NAME, "interactions_today"), units.LocaleFormat))
        .title("Interactions Today")
        .description("What readers did since midnight, by event time. Good: as on other days.")
    )


def interactions() -> timeseries.Panel:
    """LINK-16, LINK-43: user activity by type."""
    return (
        panels.stacked(panels.default_bars(sql(_NAME, "interactions"), units.LocaleFormat))
        .title("Interactions by type")
        .description("What readers did a day, by type. Good: no type vanishes.")
        .no_value("No interactions")
        .decimals(0)
    )


def reading() -> timeseries.Panel:
    """LINK-02, LINK-03, LINK-43: what readers decided."""
    panel = (
        panels.stacked(panels.default_bars(sql(_NAME, "reading"), units.LocaleFormat))
        .title("Completed and deleted")
        .description(
            "How often a day links were marked complete, deleted, and either was taken back."
            " Good: more completions than deletions."
        )
        .no_value("No decisions")
        .decimals(0)
    )
    for name, color in (
        ("Marked complete", palette.SUCCESS),
        ("Mark taken back", palette.WARNING),
        ("Deleted", palette.ERROR),
        ("Restored", palette.PRIMARY),
    ):
        panel.override_by_name(name, [panels.fixed_color(color)])
    return panel


def trends() -> timeseries.Panel:
    """LINK-26."""
    panel = (
        panels.default_timeseries(sql(_NAME, "trends"), units.LocaleFormat)
        .title("Totals by snapshots")
        .description("The totals as the hourly snapshots recorded them. Good: failed stays flat.")
        .no_value("No snapshots")
        .fill_opacity(0)
        .line_width(2)
        .span_nulls(True)
        .decimals(0)
    )
    for name, color in (
        ("Total Links", palette.PRIMARY),
        ("Completed", palette.SUCCESS),
        ("Pending Processing", palette.WARNING),
        ("Failed", palette.ERROR),
    ):
        panel.override_by_name(name, [panels.fixed_color(color)])
    return panel
