"""The panels of the links dashboard that show the state of things, in the order of LINK-36."""

from __future__ import annotations

from typing import Any

from millrace.grafana import palette, panels
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

_NAME = "links"
_SECONDS = "suffix:s"
#: As large as a count that has its weekly change below it.
_ALONE = common_builders.VizTextDisplayOptions().value_size(56)


def card(panel: stat.Panel) -> stat.Panel:
    """A count with thousands separators that is zero when nothing is known."""
    return panel.unit(units.LocaleFormat).no_value("0").decimals(0)


def _property(name: str, value: Any) -> dashboard.DynamicConfigValue:
    return dashboard.DynamicConfigValue(id_val=name, value=value)


def _coloured(pattern: str, color: str, index: int) -> dict[str, Any]:
    result = {"text": "$1", "color": color, "index": index}
    return {"type": "regex", "options": {"pattern": pattern, "result": result}}


def _weekly(panel: stat.Panel) -> stat.Panel:
    """A card with its weekly change below, the sign's colour telling more from fewer."""
    signs = [_coloured(r"^(\+.*)$", palette.MORE, 0), _coloured("^(-.*)$", palette.FEWER, 1)]
    return (
        panel.reduce_options(
            common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("/.*/")
        )
        .orientation(common.VizOrientation.HORIZONTAL)
        .override_by_name("Weekly change", [_property("mappings", signs)])
    )


def total() -> stat.Panel:
    """LINK-05, LINK-29."""
    return _weekly(
        card(panels.default_stat(sql(_NAME, "total"), units.LocaleFormat))
        .title("Total Links")
        .description(
            "Links that are saved and not deleted, at the end of the range's last day, and the"
            " change since a week before, by daily rollups of UTC. Good: it grows. A link that was"
            " deleted twice without a restoration between is counted off twice."
        )
    )


def completed() -> stat.Panel:
    """LINK-06, LINK-29."""
    return _weekly(
        card(panels.default_stat(sql(_NAME, "completed"), units.LocaleFormat))
        .title("Completed")
        .description(
            "Undeleted links that a reader marked as complete, and the change since a week before."
            " Good: it grows with the total. The change knows marks alone: not that a complete"
            " link was deleted, nor that one was marked twice."
        )
    )


def pending() -> stat.Panel:
    """LINK-08."""
    return (
        card(panels.default_stat(sql(_NAME, "pending"), units.LocaleFormat))
        .text(_ALONE)
        .title("Pending Processing")
        .description(
            "Links in processing now, deleted ones too, of those begun by the range's end."
            " Good: few, and gone within minutes."
        )
    )


def failed() -> stat.Panel:
    """LINK-09."""
    steps = ((None, palette.SUCCESS), (1, palette.ERROR))
    return (
        card(panels.default_stat(sql(_NAME, "failed"), units.LocaleFormat, steps))
        .text(_ALONE)
        .title("Failed")
        .description(
            "Links whose processing is failed now, deleted ones too, of those that failed by the"
            " range's end. Good: none; the errors stand below."
        )
    )


def deleted() -> stat.Panel:
    """LINK-07."""
    return (
        card(panels.default_stat(sql(_NAME, "deleted"), units.LocaleFormat))
        .title("Deleted Links")
        .description("Links that are deleted now; they can be restored. Good: few of the total.")
    )


def links_over_time() -> timeseries.Panel:
    """LINK-22, LINK-31."""
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs(["sum"])
        .show_legend(True)
    )
    panel = (
        panels.default_timeseries(sql(_NAME, "links_over_time"), units.LocaleFormat)
        .title("Links Over Time")
        .description(
            "Undeleted links by the day on which they were saved. Good: no day falls to zero."
        )
        .no_value("No links")
        .legend(legend)
        .line_interpolation(common.LineInterpolation.SMOOTH)
        .line_width(2)
        .fill_opacity(20)
        .decimals(0)
    )
    return panel.override_by_name("Links", [panels.fixed_color(palette.PRIMARY)])


def top_domains() -> table.Panel:
    """LINK-19, LINK-32."""
    return (
        panels.default_table(
            sql(_NAME, "top_domains"),
            units={"Links": units.LocaleFormat},
            widths={"#": 50, "Icon": 56, "Links": 90},
        )
        .override_by_name("Icon", [_property("custom.cellOptions", {"type": "image"})])
        .title("Top Domains")
        .description("The ten domains with most undeleted links. Good: what you expect to see.")
        .no_value("No links")
    )


def performance() -> stat.Panel:
    """LINK-10 to LINK-12, LINK-33."""
    panel = (
        panels.default_stat(sql(_NAME, "performance"), units.LocaleFormat)
        .title("Processing Performance")
        .description(
            "Of all links whose processing was begun by the range's end: the share completed, the"
            " mean and the 95th percentile of the time that took, and how many. Good: over 95 %;"
            " pending ones count as not completed."
        )
        .no_value("0")
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .orientation(common.VizOrientation.VERTICAL)
    )
    panel.override_by_name("Success Rate", [_property("unit", units.Percent), _one_decimal()])
    for name in ("Avg Time", "P95"):
        panel.override_by_name(name, [_property("unit", _SECONDS), _one_decimal()])
    return panel


def _nothing() -> dashboard.DynamicConfigValue:
    """A cell without a text says so, and not what the panel says without rows."""
    return _property("noValue", "–")


def _one_decimal() -> dashboard.DynamicConfigValue:
    return _property("decimals", 1)


def recent_errors() -> table.Panel:
    """LINK-20, LINK-34, LINK-35."""
    return (
        panels.default_table(
            sql(_NAME, "recent_errors"),
            units={"Time": units.DateTimeFromNow},
            widths={"Time": 150, "URL": 200, "Error": 200, "Link": 130, "State": 130},
        )
        .override_by_name(
            "Error",
            [
                panels.fixed_color(palette.FEWER),
                _property("custom.cellOptions", {"type": "color-text"}),
            ],
        )
        .override_by_name("Title", [_nothing()])
        .override_by_name("State", [_nothing()])
        .title("Recent Errors")
        .description("The ten newest failures that nobody has mended yet. Good: none.")
        .no_value("No errors")
    )
