"""The panels of the links dashboard about the pipeline behind the figures (LINK-43)."""

from __future__ import annotations

from millrace.grafana import limits, palette, panels
from millrace.grafana.dashboards.links_state import card
from millrace.grafana.foundation import stat, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "links"
#: Seconds; half an hour of processing is a fault of the processor.
_WAITING = ((None, palette.SUCCESS), (300, palette.WARNING), (1800, palette.ERROR))
#: Percent of finished links.
_SETTLED = ((None, palette.ERROR), (90, palette.WARNING), (95, palette.SUCCESS))


def newest_event() -> stat.Panel:
    """How old the figures are."""
    steps = (
        (None, palette.SUCCESS),
        (limits.AGE_BAD, palette.WARNING),
        (limits.SOURCE_AGE_BAD, palette.ERROR),
    )
    return (
        panels.default_stat(sql(_NAME, "newest_event"), units.Seconds, steps)
        .title("Newest link event")
        .description("Time since this organisation's newest event. Good: as long as readers rest.")
        .no_value("No events")
        .decimals(0)
    )


def worst_lag() -> stat.Panel:
    """What waits in Kafka."""
    return (
        panels.default_stat(sql(_NAME, "worst_lag"), units.LocaleFormat, panels.LAG)
        .title("Worst lag")
        .description("Records waiting in the fullest partition of all sources. Good: near zero.")
        .no_value("No worker")
    )


def rejected() -> stat.Panel:
    """What was refused."""
    return (
        card(panels.default_stat(sql(_NAME, "rejected"), units.LocaleFormat, panels.SOME))
        .title("Rejected")
        .description("Link events refused in the range; each is missing in the totals. Good: none.")
    )


def oldest_pending() -> stat.Panel:
    """Whether processing is stuck."""
    return (
        panels.default_stat(sql(_NAME, "oldest_pending"), units.Seconds, _WAITING)
        .title("Oldest pending")
        .description("How long the link that waits longest is in processing. Good: under 5 min.")
        .no_value("Nothing pending")
        .decimals(0)
    )


def settled_rate() -> stat.Panel:
    """The note on LINK-10."""
    return (
        panels.default_stat(sql(_NAME, "settled_rate"), units.Percent, _SETTLED)
        .title("Success of finished")
        .description("Completed of completed and failed, without pending ones. Good: over 95 %.")
        .no_value("0")
        .decimals(1)
    )


def processing() -> timeseries.Panel:
    """Whether the processor works."""
    panel = (
        panels.default_timeseries(sql(_NAME, "processing"), units.LocaleFormat)
        .title("Link processing")
        .description("Processings begun and ended. Good: as many completed as started.")
        .no_value("No processing")
        .decimals(0)
    )
    for name, color in (
        ("Started", palette.PRIMARY),
        ("Completed", palette.SUCCESS),
        ("Failed", palette.ERROR),
        ("Summarized", palette.SECONDARY),
    ):
        panel.override_by_name(name, [panels.fixed_color(color)])
    return panel


def rejects_by_reason() -> timeseries.Panel:
    """Which rule refuses them."""
    return (
        panels.stacked(panels.default_bars(sql(_NAME, "rejects_by_reason"), units.LocaleFormat))
        .title("Rejected link events")
        .description("Refused link events by reason, when they arrived. Good: none.")
        .no_value("No rejects")
        .decimals(0)
    )
