"""Panels with our defaults: every dashboard starts from these, so that all of them read alike."""

from __future__ import annotations

from collections.abc import Mapping

from millrace.grafana import palette
from millrace.grafana.clickhouse_query import DATASOURCE, Query
from millrace.grafana.clickhouse_shape import Shape
from millrace.grafana.foundation import (
    builder,
    common,
    common_builders,
    dashboard,
    dashboard_builders,
    stat,
    table,
    timeseries,
)

Panel = builder.Builder[dashboard.Panel]
Steps = tuple[tuple[float | None, str], ...]

#: No threshold at all lets Grafana paint everything above 80 red.
PLAIN: Steps = ((None, palette.PRIMARY),)
#: Records waiting in one partition.
LAG: Steps = ((None, palette.SUCCESS), (50_000, palette.WARNING), (500_000, palette.ERROR))
#: Seconds from Kafka's timestamp to the store.
DELAY: Steps = ((None, palette.SUCCESS), (5, palette.WARNING), (30, palette.ERROR))
#: Seconds since anything was stored.
AGE: Steps = ((None, palette.SUCCESS), (60, palette.WARNING), (300, palette.ERROR))
#: Share of events that were refused.
REJECTED: Steps = ((None, palette.SUCCESS), (0.01, palette.WARNING), (0.1, palette.ERROR))
#: Anything above none deserves a look.
SOME: Steps = ((None, palette.SUCCESS), (1, palette.WARNING))

#: For series that are told apart by a number; everything else keeps one colour for its name.
BY_ORDER = dashboard_builders.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC)


def thresholds(steps: Steps) -> dashboard_builders.ThresholdsConfig:
    """Absolute thresholds; the first step has no lower end."""
    return (
        dashboard_builders.ThresholdsConfig()
        .mode(dashboard.ThresholdsMode.ABSOLUTE)
        .steps([dashboard.Threshold(value=value, color=color) for value, color in steps])
    )


def fixed_color(color: str) -> dashboard.DynamicConfigValue:
    """Return the override that gives one series its colour."""
    return dashboard.DynamicConfigValue(
        id_val="color", value={"mode": "fixed", "fixedColor": color}
    )


def _last() -> common_builders.ReduceDataOptions:
    return common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("")


def default_stat(sql: str, unit: str, steps: Steps = PLAIN) -> stat.Panel:
    """One number, coloured by its thresholds; rows without a time column."""
    return (
        stat.Panel()
        .datasource(DATASOURCE)
        .unit(unit)
        .no_value("No data")
        .thresholds(thresholds(steps))
        .color_scheme(dashboard_builders.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.VALUE)
        .reduce_options(_last())
        .with_target(Query(sql, Shape.TABLE))
    )


def default_sparkline(sql: str, unit: str, steps: Steps = PLAIN) -> stat.Panel:
    """One number over its own history; the SQL gives a time series."""
    return (
        default_stat(sql, unit, steps)
        .graph_mode(common.BigValueGraphMode.AREA)
        .targets([Query(sql, Shape.TIMESERIES)])
    )


def default_timeseries(sql: str, unit: str, steps: Steps = PLAIN) -> timeseries.Panel:
    """Lines from zero, a colour for each name, and a legend that can be read as a table."""
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs(["mean", "max", "lastNotNull"])
        .show_legend(True)
    )
    tooltip = (
        common_builders.VizTooltipOptions()
        .mode(common.TooltipDisplayMode.MULTI)
        .sort(common.SortOrder.DESCENDING)
    )
    color = dashboard_builders.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
    line = (
        common.GraphThresholdsStyleMode.OFF
        if steps == PLAIN
        else common.GraphThresholdsStyleMode.DASHED
    )
    return (
        timeseries.Panel()
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .no_value("No data")
        .color_scheme(color)
        .legend(legend)
        .tooltip(tooltip)
        .line_width(1)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.AUTO)
        .thresholds(thresholds(steps))
        .thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(line))
        .with_target(Query(sql, Shape.TIMESERIES))
    )


def default_table(sql: str, *, units: Mapping[str, str], widths: Mapping[str, int]) -> table.Panel:
    """Rows as they come, with a unit and a width for the columns named."""
    panel = table.Panel().datasource(DATASOURCE).no_value("No data").thresholds(thresholds(PLAIN))
    for column in sorted(units.keys() | widths.keys()):
        properties = []
        if column in units:
            properties.append(dashboard.DynamicConfigValue(id_val="unit", value=units[column]))
        if column in widths:
            properties.append(
                dashboard.DynamicConfigValue(id_val="custom.width", value=widths[column])
            )
        panel.override_by_name(column, properties)
    return panel.with_target(Query(sql, Shape.TABLE))
