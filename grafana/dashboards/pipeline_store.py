"""What pipeline health shows of ClickHouse and of the workers."""

from __future__ import annotations

from millrace.grafana import limits, palette, panels
from millrace.grafana.dashboards.pipeline_stats import PARTS
from millrace.grafana.foundation import dashboard, table, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "pipeline_overview"
_FREE: panels.Steps = (
    (None, palette.ERROR),
    (limits.DISK_BAD, palette.WARNING),
    (limits.DISK_WARN, palette.SUCCESS),
)


def parts() -> timeseries.Panel:
    """How many parts the fullest partition of each table has."""
    return (
        panels.default_timeseries(sql(_NAME, "parts"), units.Short, PARTS)
        .title("Parts by table")
        .description("Parts of a table's fullest partition, the eight fullest. Good: below 300.")
        .no_value("No worker")
    )


def merges() -> timeseries.Panel:
    """Whether merging keeps up."""
    panel = (
        panels.default_timeseries(sql(_NAME, "merges"), units.Short)
        .title("Merges")
        .description("Merges at work, and the age of the oldest. Good: few, over in minutes.")
        .no_value("No worker")
    )
    panel.override_by_name("running", [panels.fixed_color(palette.PRIMARY)])
    panel.override_by_name(
        "longest",
        [
            panels.fixed_color(palette.SECONDARY),
            dashboard.DynamicConfigValue(id_val="unit", value=units.Seconds),
            dashboard.DynamicConfigValue(id_val="custom.axisPlacement", value="right"),
            dashboard.DynamicConfigValue(id_val="custom.axisLabel", value="seconds"),
        ],
    )
    return panel


def free_disk() -> timeseries.Panel:
    """How much room is left."""
    return (
        panels.default_timeseries(sql(_NAME, "free_disk"), units.PercentUnit, _FREE)
        .title("Free disk")
        .description("Free share of each disk of the store. Good: above 20 %.")
        .max(1)
        .no_value("No worker")
    )


def store_size() -> timeseries.Panel:
    """What takes the room."""
    return (
        panels.stacked(panels.default_timeseries(sql(_NAME, "store_size"), units.BytesIEC))
        .title("Store size")
        .description("Bytes on disk by table, the seven largest. Good: level, since old days go.")
        .no_value("No worker")
    )


def tables() -> table.Panel:
    """How large each table is and how fast it grows."""
    panel = panels.default_table(
        sql(_NAME, "tables"),
        units={
            "rows": units.Short,
            "rows a day": units.Short,
            "bytes": units.BytesIEC,
            "bytes a day": units.BytesIEC,
        },
        widths={"rows": 90, "rows a day": 135, "bytes": 95, "bytes a day": 125},
    )
    return (
        panels.blank_cells(panel, "rows a day", "bytes a day")
        .title("Tables")
        .description("Size by retention class, and growth a day over the last week. Good: level.")
        .no_value("No worker")
    )


def pauses() -> timeseries.Panel:
    """When partitions were paused, and what the log lost."""
    panel = (
        panels.default_bars(sql(_NAME, "pauses"), units.Short)
        .title("Pauses and losses")
        .description("Partitions paused and resumed, offsets lost before storing. Good: none.")
        .no_value("No pauses")
    )
    for name, color in (
        ("paused", palette.WARNING),
        ("resumed", palette.SUCCESS),
        ("offsets lost", palette.ERROR),
    ):
        panel.override_by_name(name, [panels.fixed_color(color)])
    return panel


def workers() -> table.Panel:
    """Which workers there are."""
    panel = panels.default_table(
        sql(_NAME, "workers"),
        units={
            "started at": units.DatetimeISONotToday,
            "stopped at": units.DatetimeISONotToday,
            "memory": units.BytesIEC,
            "last heard": units.DatetimeISONotToday,
        },
        widths={"started at": 170, "stopped at": 170, "memory": 110, "last heard": 170},
    )
    return (
        panels.blank_cells(panel, "started at", "stopped at", "memory")
        .title("Workers heard")
        .description("When each worker began, ended and was last heard. Good: heard seconds ago.")
        .no_value("No worker")
    )
