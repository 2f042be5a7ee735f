"""What the two dashboards of the web application have in common: cards, lines, the toggle."""

from __future__ import annotations

from millrace.grafana import boards, navigation, palette, panels, variables
from millrace.grafana.foundation import common, dashboard_builders, stat, timeseries, units
from millrace.grafana.sql_files import SHARED, sql

NO_DATA = "No data available"
#: Numbers are text, so they take the darker green.
GOOD = palette.WEB_GREEN_TEXT
CALM: panels.Steps = ((None, palette.WEB_BLUE),)
_OFFERED = ("now-24h", "now-7d", "now-30d", "now-90d")


def start(uid: str, title: str, description: str) -> dashboard_builders.Dashboard:
    """Begin a dashboard that loads on opening and then only when its viewer asks."""
    return (
        boards.start(
            uid,
            title,
            description,
            tags=["webapp"],
            since="now-24h",
            refresh="",
            ranges=[offered for offered in boards.RANGES if offered[1] in _OFFERED],
        )
        .with_variable(variables.tenant(sql(SHARED, "variable_tenant")))
        .annotation(navigation.incomplete())
    )


def anonymous() -> dashboard_builders.CustomVariable:
    """Whether requests and events without a user count as one more user."""
    return variables.fixed(
        "include_anonymous", "Include Anonymous Users", [("Off", "off"), ("On", "on")]
    )


def card(folder: str, query: str, unit: str, steps: panels.Steps = CALM) -> stat.Panel:
    """One number of the whole range."""
    return panels.default_stat(sql(folder, query), unit, steps).no_value(NO_DATA)


def active_users(folder: str) -> stat.Panel:
    """Distinct users of the API and of the pages together."""
    return (
        card(folder, "active_users", units.Short)
        .title("Active users")
        .description(
            "Distinct users of API and pages together, over the whole range and whatever else is"
            " chosen. Good: as many as expected."
        )
    )


def line(
    folder: str, query: str, unit: str, axis: str = "", steps: panels.Steps = panels.PLAIN
) -> timeseries.Panel:
    """Lines over time; the axis says what is counted where the unit does not."""
    panel = panels.default_timeseries(sql(folder, query), unit, steps).no_value(NO_DATA)
    # What is not counted cannot be averaged over buckets of different size.
    panel.legend(panels.legend("max", "lastNotNull"))
    if axis:
        panel.axis_label(axis)
    return panel.line_width(2).show_points(common.VisibilityMode.AUTO)


def summed(panel: timeseries.Panel) -> timeseries.Panel:
    """Counts, with the total of each in the legend."""
    return panel.legend(panels.legend("sum", "max", "lastNotNull"))


def colored(panel: timeseries.Panel, **colors: str) -> timeseries.Panel:
    """Give each series, by its name, its colour; an underscore is a space."""
    for name, color in colors.items():
        panel.override_by_name(name.replace("_", " "), [panels.fixed_color(color)])
    return panel
