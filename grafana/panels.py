"""Panels with our defaults: every dashboard starts from these, so that all of them read alike."""

from __future__ import annotations

from collections.abc import Mapping

from millrace.grafana import limits, palette, unit_words
from millrace.grafana.clickhouse_query import DATASOURCE, Query
from millrace.grafana.clickhouse_shape import Shape
from millrace.grafana.foundation import (
    bargauge,
    common,
    common_builders,
    dashboard,
    dashboard_builders,
    piechart,
    piechart_models,
    stat,
    table,
    text,
    text_models,
    timeseries,
)

AnyPanel = (
    bargauge.Panel | piechart.Panel | stat.Panel | table.Panel | text.Panel | timeseries.Panel
)
Steps = tuple[tuple[float | None, str], ...]

#: No threshold at all lets Grafana paint everything above 80 red.
PLAIN: Steps = ((None, palette.PRIMARY),)


def _watched(warn: float, bad: float) -> Steps:
    return ((None, palette.SUCCESS), (warn, palette.WARNING), (bad, palette.ERROR))


#: Records waiting in one partition.
LAG = _watched(limits.LAG_WARN, limits.LAG_BAD)
#: Seconds from Kafka's timestamp to the store.
DELAY = _watched(limits.DELAY_WARN, limits.DELAY_BAD)
#: Seconds since anything was stored.
AGE = _watched(limits.AGE_WARN, limits.AGE_BAD)
#: Share of events that were refused.
REJECTED = _watched(limits.REJECTED_WARN, limits.REJECTED_BAD)
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


def legend(*calcs: str) -> common_builders.VizLegendOptions:
    """A table below the chart; counts may be summed in it, percentiles never averaged."""
    return (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs(list(calcs))
        .show_legend(True)
    )


def default_timeseries(
    sql: str, unit: str, steps: Steps = PLAIN, *, below_zero: bool = False
) -> timeseries.Panel:
    """Lines from zero, a colour for each name, and a legend that can be read as a table.

    ``below_zero`` lets the axis follow values that are negative.
    """
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
    panel = (
        timeseries.Panel()
        .datasource(DATASOURCE)
        .unit(unit)
        .axis_label(unit_words.word(unit))
        .no_value("No data")
        .color_scheme(color)
        .legend(legend("mean", "max", "lastNotNull"))
        .tooltip(tooltip)
        .line_width(1)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.AUTO)
        .thresholds(thresholds(steps))
        .thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(line))
        .with_target(Query(sql, Shape.TIMESERIES))
    )

    return panel.axis_soft_min(0) if below_zero else panel.min(0)


def default_bars(sql: str, unit: str, steps: Steps = PLAIN) -> timeseries.Panel:
    """Bars over time, one beside the other; for counts of whole buckets."""
    return (
        default_timeseries(sql, unit, steps)
        .draw_style(common.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .line_width(0)
    )


def stacked(panel: timeseries.Panel) -> timeseries.Panel:
    """Areas on top of each other: only for parts of a whole."""
    return panel.fill_opacity(60).stacking(
        common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
    )


def default_bargauge(sql: str, unit: str, steps: Steps = PLAIN) -> bargauge.Panel:
    """Horizontal bars, one for each row; the SQL gives a text column and a number."""
    return (
        bargauge.Panel()
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .no_value("No data")
        .thresholds(thresholds(steps))
        .color_scheme(dashboard_builders.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .show_unfilled(True)
        .reduce_options(_last().values(True))
        .with_target(Query(sql, Shape.TABLE))
    )


def default_donut(sql: str, unit: str, colors: Mapping[str, str]) -> piechart.Panel:
    """Parts of one whole; the SQL gives one row, each part a column with its colour."""
    parts = (
        piechart.PieChartLegendOptions()
        .values(
            [
                piechart_models.PieChartLegendValues.VALUE,
                piechart_models.PieChartLegendValues.PERCENT,
            ]
        )
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.RIGHT)
        .show_legend(True)
    )
    panel = (
        piechart.Panel()
        .datasource(DATASOURCE)
        .unit(unit)
        .no_value("No data")
        .thresholds(thresholds(PLAIN))
        .pie_type(piechart_models.PieChartType.DONUT)
        .legend(parts)
        .reduce_options(_last())
        .with_target(Query(sql, Shape.TABLE))
    )
    for name, color in colors.items():
        panel.override_by_name(name, [fixed_color(color)])
    return panel


def default_text(markdown: str) -> text.Panel:
    """Words and links in Markdown; they are translated as one text."""
    return text.Panel().mode(text_models.TextMode.MARKDOWN).content(markdown)


def value_words(words: Mapping[str, tuple[str, str]]) -> list[dashboard.ValueMapping]:
    """Return mappings of exact values to what viewers read instead, each with its colour."""
    return [
        dashboard.ValueMap(
            options={
                value: dashboard.ValueMappingResult(text=word, color=color, index=index)
                for index, (value, (word, color)) in enumerate(words.items())
            }
        )
    ]


def link(title: str, url: str) -> list[dict[str, str | bool]]:
    """Return the value of an override ``links``: where a click on the cell or series leads."""
    return [{"title": title, "url": url, "targetBlank": False}]


def blank_cells(panel: table.Panel, *columns: str) -> table.Panel:
    """Show a dash in the cells of these columns that hold nothing, not what no rows mean."""
    for column in columns:
        panel.override_by_name(column, [dashboard.DynamicConfigValue(id_val="noValue", value="–")])
    return panel


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
