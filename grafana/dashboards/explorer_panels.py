"""The panels of the metric explorer."""

from __future__ import annotations

from collections.abc import Sequence

from millrace.grafana import panels
from millrace.grafana.foundation import (
    common,
    common_builders,
    dashboard,
    stat,
    table,
    timeseries,
    units,
)
from millrace.grafana.sql_files import sql

_NAME = "explorer"
_ADDRESS = "/d/millrace-explorer?${__url_time_range}&${tenant:queryparam}&${name:queryparam}"
_NARROWED = (
    _ADDRESS + "&${measurement:queryparam}&${aggregation:queryparam}"
    '&var-filter_tag=${group_by}&var-filter_value=${__data.fields["Group"]}'
)


def about() -> table.Panel:
    """What the metric is, and what the chosen aggregation means for its kind."""
    return (
        panels.default_table(
            sql(_NAME, "about"),
            units={},
            widths={"Metric": 280, "Kind": 130, "Unit": 150, "What is drawn": 430, "Grain": 80},
        )
        .title("About")
        .description(
            "The metric by the catalogue in use, and what the chosen aggregation means for its"
            " kind. Good: it is declared, with a unit."
        )
        .no_value("No such metric")
    )


def over_range() -> stat.Panel:
    """The chosen aggregation as one figure."""
    return (
        panels.default_stat(sql(_NAME, "over_range"), units.Short)
        .title("Over the range")
        .description("The chosen aggregation over the whole range. Good: as in ranges before.")
        .no_value("No values")
    )


def values_count() -> stat.Panel:
    """How much the figures rest on."""
    return (
        panels.default_stat(sql(_NAME, "values_count"), units.LocaleFormat)
        .title("Values")
        .description("How many values the figures rest on. Good: enough for the percentiles.")
        .no_value("0")
    )


def series() -> stat.Panel:
    """How many tag sets there are."""
    return (
        panels.default_stat(sql(_NAME, "series"), units.LocaleFormat)
        .title("Series")
        .description("Different tag sets of the metric and tenants. Good: it does not grow.")
        .no_value("0")
    )


def actors() -> stat.Panel:
    """How many different actors."""
    return (
        panels.default_stat(sql(_NAME, "actors"), units.LocaleFormat)
        .title("Distinct actors")
        .description("Different actors, within 1 %; events without one are not among them.")
        .no_value("0")
    )


def told_apart(panel: timeseries.Panel, calcs: Sequence[str]) -> timeseries.Panel:
    """Many lines of any names: colours by their order, and all names beside the chart."""
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.RIGHT)
        .calcs(list(calcs))
        .show_legend(True)
    )
    return panel.color_scheme(panels.BY_ORDER).legend(legend)


def values() -> timeseries.Panel:
    """The chosen aggregation over time."""
    return (
        told_apart(
            panels.default_timeseries(sql(_NAME, "values"), units.Short, below_zero=True),
            ["mean", "max", "lastNotNull"],
        )
        .title("${name}: ${aggregation:text}")
        .description(
            "The ten largest groups; what is left is other, where values can be added. Its unit"
            " stands above. A gap: no value came; counts and sums are zero then."
        )
        .no_value("No values")
        .fill_opacity(0)
        .line_width(2)
        # A gauge that is sampled more rarely than buckets pass is points between gaps.
        .show_points(common.VisibilityMode.ALWAYS)
        .point_size(4)
    )


def groups() -> table.Panel:
    """Every aggregation of each group."""
    numbers = ("Mean", "Min", "Max", "p50", "p95", "p99", "Newest", "Sum")
    counts = ("Values", "Series")
    panel = panels.default_table(
        sql(_NAME, "groups"),
        units={
            **dict.fromkeys(numbers, units.Short),
            **dict.fromkeys(counts, units.LocaleFormat),
        },
        widths=dict.fromkeys((*numbers, *counts), 120),
    )
    go = panels.link("Only this group", _NARROWED)
    nothing = dashboard.DynamicConfigValue(id_val="noValue", value="–")
    return (
        panel.override_by_name("Group", [dashboard.DynamicConfigValue(id_val="links", value=go)])
        .override_by_name("Sum", [nothing])
        .title("Groups")
        .description(
            "The 100 groups with most values; a click shows one alone. Samples of a gauge have no"
            " sum. Good: no group that you do not know."
        )
        .no_value("No values")
    )
