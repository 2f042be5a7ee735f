"""What pipeline health shows of late and refused events, and of the proofs that none is missing."""

from __future__ import annotations

from millrace.grafana import palette, panels
from millrace.grafana.foundation import common, dashboard, table, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "pipeline_overview"


def late_events() -> timeseries.Panel:
    """Whose events come too late."""
    return (
        panels.default_bars(sql(_NAME, "late_events"), units.Short)
        .title("Too late for their window")
        .description("Values after their live window was closed, by name and size. Good: none.")
        .no_value("No late events")
    )


def dead_letters_by_cause() -> table.Panel:
    """What is refused, and why."""
    panel = (
        panels.default_table(
            sql(_NAME, "dead_letters_by_cause"),
            units={"times": units.Short, "newest": units.DatetimeISONotToday},
            widths={
                "tenant": 120,
                "namespace": 110,
                "event": 200,
                "reason": 150,
                "field": 160,
                "times": 80,
                "newest": 170,
            },
        )
        .title("Dead letters by cause")
        .description("The 50 most frequent causes of refusals. Good: none; mend the producer.")
        .no_value("No dead letters")
    )
    return panels.blank_cells(panel, "tenant", "namespace", "event", "field", "for example")


def tag_overflows() -> table.Panel:
    """Which tags have more values than they may."""
    return (
        panels.default_table(
            sql(_NAME, "tag_overflows"),
            units={
                "overflow": units.Short,
                "refused": units.Short,
                "last minute": units.DatetimeISONotToday,
            },
            widths={"tenant": 120, "key": 110, "overflow": 90, "refused": 90, "last minute": 170},
        )
        .title("Tags beyond their budget")
        .description("Values folded into overflow, or refused with their event. Good: none.")
        .no_value("No tag overflows")
    )


def partitions() -> table.Panel:
    """Each partition's backlog, its trend and how far it is complete."""
    panel = panels.default_table(
        sql(_NAME, "partitions"),
        units={
            "waiting": units.Short,
            "oldest": units.Seconds,
            "more a minute": units.Short,
            "complete to": units.DatetimeISONotToday,
        },
        widths={
            "partition": 100,
            "waiting": 110,
            "oldest": 110,
            "more a minute": 150,
            "complete to": 180,
        },
    )
    return (
        panels.blank_cells(panel, "more a minute")
        .title("Partitions now")
        .description("Waiting records, the oldest one's age and the trend. Good: none waiting.")
        .no_value("No worker")
    )


def differences() -> timeseries.Panel:
    """Where a proof found log and store to differ."""
    return (
        panels.default_timeseries(sql(_NAME, "differences"), units.Short)
        .draw_style(common.GraphDrawStyle.POINTS)
        .point_size(9)
        .title("Differences by table")
        .description("Places in which a table differed when it was compared. Good: none, ever.")
        .no_value("No differences")
    )


def proofs() -> table.Panel:
    """The newest proofs."""
    panel = panels.default_table(
        sql(_NAME, "proofs"),
        units={
            "proved at": units.DatetimeISONotToday,
            "differences": units.Short,
            "comparisons": units.Short,
            "took": units.Seconds,
        },
        widths={},
    )
    steps = [{"value": None, "color": palette.SUCCESS}, {"value": 1, "color": palette.ERROR}]
    panel.override_by_name(
        "differences",
        [
            dashboard.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
            dashboard.DynamicConfigValue(id_val="color", value={"mode": "thresholds"}),
            dashboard.DynamicConfigValue(
                id_val="thresholds", value={"mode": "absolute", "steps": steps}
            ),
        ],
    )
    return (
        panel.title("Proofs")
        .description("The newest 50 comparisons of log and store. Good: every five minutes, all 0.")
        .no_value("No proof")
    )
