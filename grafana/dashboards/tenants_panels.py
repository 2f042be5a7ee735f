"""The panels of the dashboard of tenants and budgets."""

from __future__ import annotations

from millrace.grafana import palette, panels
from millrace.grafana.dashboards.explorer_panels import told_apart
from millrace.grafana.foundation import dashboard, stat, table, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "tenants"
#: Share of a budget: a tag that is nearly full will lose its split, or its events, soon.
_USED = ((None, palette.SUCCESS), (0.8, palette.WARNING), (1.0, palette.ERROR))
_EXPLORER = '/d/millrace-explorer?${__url_time_range}&var-tenant=${__data.fields["Tenant"]}'
_THIS_BOARD = '/d/millrace-tenants?${__url_time_range}&var-tenant=${__data.fields["Tenant"]}'


def _count(name: str) -> stat.Panel:
    return panels.default_stat(sql(_NAME, name), units.LocaleFormat).no_value("0").decimals(0)


def _problems(name: str) -> stat.Panel:
    found = panels.default_stat(sql(_NAME, name), units.LocaleFormat, panels.SOME)
    return found.no_value("0").decimals(0)


def tenants_seen() -> stat.Panel:
    """How many tenants there are."""
    return (
        _count("tenants_seen")
        .title("Tenants")
        .description("Tenants with an event in the range. Good: those that you know.")
    )


def events() -> stat.Panel:
    """How much they send."""
    return (
        _count("events")
        .title("Events")
        .description("Events of these tenants in the range. Good: as in ranges before.")
    )


def series() -> stat.Panel:
    """How many tag sets they use."""
    return (
        _count("series")
        .title("Series")
        .description(
            "Different tag sets of all names; each costs a rollup row a bucket. Good: it is level."
        )
    )


def nearly_used() -> stat.Panel:
    """How many budgets will soon be used up."""
    return (
        _problems("nearly_used")
        .title("Nearly used up")
        .description("Tags that have 80 % of the values of their budget, or more. Good: none.")
    )


def overflowed() -> stat.Panel:
    """Events that lost a tag's value."""
    return (
        _problems("overflowed")
        .title("Overflowed")
        .description(
            "Events in the range stored with __overflow__ in place of a value. Good: none."
        )
    )


def refused() -> stat.Panel:
    """Events that were lost."""
    return (
        _problems("refused")
        .title("Refused")
        .description(
            "Events in the range that were refused for a new value over the budget. Good: none."
        )
    )


def events_by_tenant() -> timeseries.Panel:
    """Rates, as parts of the whole."""
    return (
        told_apart(
            panels.stacked(
                panels.default_timeseries(sql(_NAME, "events_by_tenant"), units.EventsPerSecond)
            ),
            ["max"],
        )
        .title("Events by tenant")
        .description("Events a second of the nine busiest tenants; the rest is other. Good: even.")
        .no_value("No events")
    )


def series_by_tenant() -> timeseries.Panel:
    """Series in use over time."""
    return (
        told_apart(
            panels.default_timeseries(sql(_NAME, "series_by_tenant"), units.LocaleFormat), ["max"]
        )
        .title("Series by tenant")
        .description("Different tag sets in use in each bucket. Good: level; growth is a bad tag.")
        .no_value("No series")
        .decimals(0)
    )


def _linked(panel: table.Panel, column: str, title: str, url: str) -> table.Panel:
    go = panels.link(title, url)
    return panel.override_by_name(column, [dashboard.DynamicConfigValue(id_val="links", value=go)])


def tenants() -> table.Panel:
    """Each tenant's share."""
    counts = ("Events", "Names", "Series", "Rollup rows")
    panel = panels.default_table(
        sql(_NAME, "tenants"),
        units={
            **dict.fromkeys(counts, units.LocaleFormat),
            "Share": units.PercentUnit,
            "Raw bytes": units.BytesIEC,
            "Newest bucket": units.DatetimeISONotToday,
        },
        widths={**dict.fromkeys((*counts, "Share", "Raw bytes"), 150), "Newest bucket": 180},
    )
    panel.override_by_name("Raw bytes", [dashboard.DynamicConfigValue(id_val="noValue", value="–")])
    return (
        _linked(panel, "Tenant", "Only this tenant", _THIS_BOARD)
        .title("Use by tenant")
        .description(
            "Who sends how much; a click shows one alone. Raw bytes are estimated by the mean size"
            " of a stored event. Good: no share that surprises you."
        )
        .no_value("No events")
    )


def budgets() -> table.Panel:
    """How far each tag's budget is used."""
    counts = ("Values", "Budget", "Overflowed", "Refused")
    panel = panels.default_table(
        sql(_NAME, "budgets"),
        units={**dict.fromkeys(counts, units.LocaleFormat), "Used": units.PercentUnit},
        widths={**dict.fromkeys(counts, 120), "Used": 180, "Tag": 180, "Namespace": 140},
    )
    panel.override_by_name(
        "Used",
        [
            dashboard.DynamicConfigValue(
                id_val="custom.cellOptions", value={"type": "gauge", "mode": "basic"}
            ),
            dashboard.DynamicConfigValue(id_val="min", value=0),
            dashboard.DynamicConfigValue(id_val="max", value=1),
            dashboard.DynamicConfigValue(
                id_val="thresholds",
                value={
                    "mode": "absolute",
                    "steps": [{"value": value, "color": color} for value, color in _USED],
                },
            ),
            dashboard.DynamicConfigValue(id_val="color", value={"mode": "thresholds"}),
        ],
    )
    address = _EXPLORER + (
        '&var-name=${__data.fields["Name"]}&var-group_by=${__data.fields["Tag"]}'
        "&var-aggregation=count"
    )
    return (
        _linked(panel, "Name", "Explore by this tag", address)
        .title("Budget use")
        .description(
            "The 50 tags nearest to their budget, by the catalogue in use, in the partition that"
            " knows most values; what it cost in the range. Good: below 80 %."
        )
        .no_value("No tag has had a value")
    )


def over_budget() -> timeseries.Panel:
    """When it began."""
    panel = (
        panels.default_bars(sql(_NAME, "over_budget"), units.LocaleFormat)
        .title("Over budget")
        .description("Events that a budget cost their value, or that it refused. Good: none.")
        .no_value("Nothing over budget")
        .decimals(0)
    )
    panel.override_by_name("Overflowed", [panels.fixed_color(palette.WARNING)])
    return panel.override_by_name("Refused", [panels.fixed_color(palette.ERROR)])


def names() -> table.Panel:
    """Which names have most series."""
    counts = ("Series", "Rollup rows", "Events")
    panel = panels.default_table(
        sql(_NAME, "names"),
        units=dict.fromkeys(counts, units.LocaleFormat),
        widths={**dict.fromkeys(counts, 145), "Tenant": 150, "Namespace": 140},
    )
    return (
        _linked(panel, "Name", "Explore", _EXPLORER + '&var-name=${__data.fields["Name"]}')
        .title("Names with most series")
        .description("The 50 names with most tag sets in the range; a click explores one.")
        .no_value("No events")
    )


def namespaces() -> table.Panel:
    """Which namespaces a tenant uses."""
    counts = ("Names", "Series", "Events")
    panel = panels.default_table(
        sql(_NAME, "namespaces"),
        units=dict.fromkeys(counts, units.LocaleFormat),
        widths=dict.fromkeys(counts, 100),
    )
    return (
        panel.title("Namespaces")
        .description("What each tenant uses of each namespace of the catalogue in use.")
        .no_value("No events")
    )
