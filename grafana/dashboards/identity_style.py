"""What several panels of the identity dashboard share beyond the defaults."""

from __future__ import annotations

from collections.abc import Mapping

from millrace.grafana import limits, palette, panels
from millrace.grafana.foundation import (
    bargauge,
    common,
    common_builders,
    dashboard,
    stat,
    table,
    timeseries,
    units,
)

#: Days of the active key (IDENT-47).
KEY_AGE: panels.Steps = (
    (None, palette.SUCCESS),
    (limits.KEY_AGE_WARN, palette.WARNING),
    (limits.KEY_AGE_BAD, palette.ERROR),
)
#: Milliseconds of a 95th percentile.
P95: panels.Steps = (
    (None, palette.SUCCESS),
    (limits.P95_WARN, palette.WARNING),
    (limits.P95_BAD, palette.ERROR),
)
#: What is wrong as soon as there is one.
NONE: panels.Steps = ((None, palette.SUCCESS), (1, palette.ERROR))


def colored(panel: timeseries.Panel, colors: Mapping[str, str]) -> timeseries.Panel:
    """Give series their fixed colours."""
    for name, color in colors.items():
        panel.override_by_name(name, [panels.fixed_color(color)])
    return panel


def value(name: str, content: object) -> dashboard.DynamicConfigValue:
    """One property of an override."""
    return dashboard.DynamicConfigValue(id_val=name, value=content)


def summed(panel: timeseries.Panel) -> timeseries.Panel:
    """Whole numbers, exact in the tooltip, with their total in the legend."""
    return listed(panel.decimals(0), "sum")


def listed(panel: timeseries.Panel, *calcs: str) -> timeseries.Panel:
    """Put the legend into lines: a table of many series hides the last of them."""
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs(list(calcs))
        .show_legend(True)
    )
    return panel.legend(legend)


def thin(panel: bargauge.Panel) -> bargauge.Panel:
    """Bars and letters of one size, however few rows there are."""
    return (
        panel.sizing(common.BarGaugeSizing.MANUAL)
        .min_viz_height(16)
        .max_viz_height(36)
        .name_placement(common.BarGaugeNamePlacement.LEFT)
        .text(common_builders.VizTextDisplayOptions().title_size(14).value_size(18))
    )


def side_by_side(panel: timeseries.Panel, names: tuple[str, str, str]) -> timeseries.Panel:
    """Two broad bars beside each other and a narrow one before them; else they hide each other."""
    for name, align, width in zip(names, (-1, 1, 0), (0.4, 0.4, 0.12), strict=True):
        panel.override_by_name(
            name, [value("custom.barAlignment", align), value("custom.barWidthFactor", width)]
        )
    return panel


def stacked_bars(panel: timeseries.Panel) -> timeseries.Panel:
    """Bars on top of each other, for many parts of one whole."""
    return panels.stacked(panel).fill_opacity(80)


def percentiles(panel: timeseries.Panel) -> timeseries.Panel:
    """The colours of P50 and P95."""
    return colored(panel, {"P50": palette.PRIMARY, "P95": palette.SECONDARY})


def key_age(sql: str) -> stat.Panel:
    """Days of a key, as ``Key Age: X days`` in the colours of its thresholds."""
    return (
        panels.default_stat(sql, units.NoUnit, KEY_AGE)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .decimals(1)
        .override_by_name(
            "Key Age", [value("displayName", "Key Age:"), value("unit", "suffix:days")]
        )
    )


def p95(sql: str, steps: panels.Steps = P95) -> stat.Panel:
    """The 95th percentile of the whole period, in milliseconds."""
    return panels.default_stat(sql, units.Milliseconds, steps)


def words(panel: table.Panel, column: str, said: Mapping[str, tuple[str, str]]) -> table.Panel:
    """Show a column's values as words with a colour."""
    mapping = {
        "type": "value",
        "options": {
            content: {"text": text, "color": color, "index": index}
            for index, (content, (text, color)) in enumerate(said.items())
        },
    }
    return panel.override_by_name(
        column,
        [value("mappings", [mapping]), value("custom.cellOptions", {"type": "color-text"})],
    )
