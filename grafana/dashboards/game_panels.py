"""The panels of the game server's dashboard, under the titles and colours that were asked for."""

from __future__ import annotations

from millrace.grafana import palette, panels
from millrace.grafana.foundation import (
    bargauge,
    common,
    common_builders,
    dashboard,
    timeseries,
    units,
)
from millrace.grafana.sql_files import sql

NAME = "game"
NO_DATA = "No data available for this time range"
_FILL = 20
_BAR = 84
#: A gauge may be sampled more rarely than once in a bucket; a longer silence is an outage (ms).
_BETWEEN_SAMPLES = 15 * 60_000


def _line(query: str, title: str, series: str, color: str, axis: str) -> timeseries.Panel:
    return (
        panels.default_timeseries(sql(NAME, query), units.Short)
        .title(title)
        .no_value(NO_DATA)
        .axis_label(axis)
        .line_interpolation(common.LineInterpolation.SMOOTH)
        .fill_opacity(_FILL)
        .override_by_name(series, [panels.fixed_color(color)])
    )


def _summed(panel: timeseries.Panel, description: str) -> timeseries.Panel:
    return panel.legend(panels.legend("sum", "max", "lastNotNull")).description(description)


def counted(query: str, title: str, description: str) -> timeseries.Panel:
    """How many events there were in each bucket."""
    return _summed(_line(query, title, "Count", palette.COUNTED, "events"), description)


def added(query: str, title: str, series: str, axis: str, description: str) -> timeseries.Panel:
    """The sum of a measurement in each bucket; the series is called as the measurement."""
    return _summed(_line(query, title, series, palette.MEASURED, axis), description)


def sampled(query: str, title: str, series: str, axis: str, description: str) -> timeseries.Panel:
    """The mean and the highest of a gauge's samples in each bucket."""
    highest = [
        panels.fixed_color(palette.NEUTRAL),
        dashboard.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
        dashboard.DynamicConfigValue(
            id_val="custom.lineStyle", value={"fill": "dash", "dash": [4, 4]}
        ),
    ]
    return (
        _line(query, title, series, palette.MEASURED, axis)
        .description(description)
        .legend(panels.legend("min", "max", "lastNotNull"))
        .span_nulls(_BETWEEN_SAMPLES)
        .override_by_name("maximum", highest)
    )


def login_outcome() -> bargauge.Panel:
    """One bar a category over the whole range."""
    panel = (
        panels.default_bargauge(sql(NAME, "login_outcome"), units.Short)
        .title("Login Success/Failure")
        .description("Logins of the whole range by outcome. Good: hardly any success:false.")
        .no_value(NO_DATA)
        .display_mode(common.BarGaugeDisplayMode.GRADIENT)
        .value_mode(common.BarGaugeValueMode.TEXT)
        .sizing(common.BarGaugeSizing.MANUAL)
        .max_viz_height(_BAR)
        .reduce_options(
            common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("")
        )
    )
    for category, color in (("success:true", palette.SUCCEEDED), ("success:false", palette.FAILED)):
        panel.override_by_name(category, [panels.fixed_color(color)])
    return panel


def login_duration() -> timeseries.Panel:
    """How long logins took."""
    panel = (
        panels.default_timeseries(sql(NAME, "login_duration"), units.Milliseconds)
        .title("Login Duration")
        .description("How long a login takes, by percentile. Good: level, whatever the rate.")
        .no_value(NO_DATA)
        .line_interpolation(common.LineInterpolation.SMOOTH)
        .legend(panels.legend("max", "lastNotNull"))
    )
    for level, color in (
        ("P50", palette.PRIMARY),
        ("P95", palette.SECONDARY),
        ("P99", palette.WARNING),
    ):
        panel.override_by_name(level, [panels.fixed_color(color)])
    return panel
