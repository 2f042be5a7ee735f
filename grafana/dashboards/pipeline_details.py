"""The panels below the top row of the pipeline overview, in the order the data flows."""

from __future__ import annotations

from millrace.grafana import palette, panels
from millrace.grafana.foundation import table, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "pipeline_overview"
#: A flush happens at least once a second while there is traffic, so shorter buckets are jagged.
_FLUSHES = "10s"


def rate_by_outcome() -> timeseries.Panel:
    """What became of the events, from the ledger."""
    panel = (
        panels.default_timeseries(sql(_NAME, "rate_by_outcome"), units.EventsPerSecond)
        .title("Events by outcome")
        .description("Events a second by what became of them. Good: nearly all stored.")
        .no_value("No traffic")
        .interval(_FLUSHES)
    )
    for outcome, color in (
        ("stored", palette.SUCCESS),
        ("rejected", palette.ERROR),
        ("duplicate", palette.NEUTRAL),
    ):
        panel.override_by_name(outcome, [panels.fixed_color(color)])
    return panel


def rate_by_name() -> timeseries.Panel:
    """The busiest names by event time."""
    return (
        panels.default_timeseries(sql(_NAME, "rate_by_name"), units.EventsPerSecond)
        .title("Events by name")
        .description("The nine busiest names by event time, whole buckets; the rest is other.")
        .no_value("No whole bucket yet")
    )


def rejects_by_reason() -> timeseries.Panel:
    """Which rule refuses events."""
    return (
        panels.default_timeseries(sql(_NAME, "rejects_by_reason"), units.CountsPerMinute)
        .title("Rejected by reason")
        .description("Refused events a minute by reason. Good: none; a step is a broken producer.")
        .no_value("No rejects")
        .interval(_FLUSHES)
    )


def dropped_keys() -> table.Panel:
    """Which keys the sanitizer removed, never what they held."""
    return (
        panels.default_table(
            sql(_NAME, "dropped_keys"),
            units={"times": units.Short, "last minute": units.DatetimeISONotToday},
            widths={"namespace": 110, "times": 80, "last minute": 170},
        )
        .title("Dropped keys")
        .description(
            "Keys that were not allowed, removed from events. Good: none you meant to keep."
        )
        .no_value("No dropped keys")
    )


def lag_by_partition() -> timeseries.Panel:
    """Records waiting, one line a partition."""
    return (
        panels.default_timeseries(sql(_NAME, "lag_by_partition"), units.Short, panels.LAG)
        .color_scheme(panels.BY_ORDER)
        .title("Lag by partition")
        .description("Most records waiting in each partition. Good: flat near zero, all alike.")
        .no_value("No worker")
    )


def _percentiles(panel: timeseries.Panel) -> timeseries.Panel:
    for level, color in (
        ("p50", palette.PRIMARY),
        ("p95", palette.SECONDARY),
        ("p99", palette.WARNING),
    ):
        panel.override_by_name(level, [panels.fixed_color(color)])
    return panel.no_value("No traffic")


def ingest_delay() -> timeseries.Panel:
    """How old events are when they are stored."""
    return _percentiles(
        panels.default_timeseries(sql(_NAME, "ingest_delay"), units.Seconds, panels.DELAY)
        .title("Ingest delay")
        .description("From Kafka's timestamp to the store, by percentile. Good: p99 under 5 s.")
    )


def flush_time() -> timeseries.Panel:
    """How long the store takes for one range."""
    return _percentiles(
        panels.default_timeseries(sql(_NAME, "flush_time"), units.Seconds)
        .title("Flush time")
        .description("How long one range takes to be stored, by percentile. Good: under 1 s.")
    )


def top_events() -> table.Panel:
    """What flows, by name."""
    return (
        panels.default_table(
            sql(_NAME, "top_events"),
            units={
                "events": units.Short,
                "a second": units.EventsPerSecond,
                "distinct actors": units.Short,
                "without actor": units.Short,
                "newest bucket": units.DatetimeISONotToday,
            },
            widths={
                "tenant": 140,
                "events": 110,
                "a second": 120,
                "distinct actors": 140,
                "without actor": 130,
                "newest bucket": 180,
            },
        )
        .title("Top events")
        .description("The 50 busiest names in the range; own telemetry is left out.")
        .no_value("No events")
    )


def sources() -> table.Panel:
    """Who has fallen silent."""
    return (
        panels.default_table(
            sql(_NAME, "sources"),
            units={"newest": units.DatetimeISONotToday, "silent for": units.Seconds},
            widths={"source": 90, "newest": 170, "silent for": 110},
        )
        .title("Sources")
        .description("What each tenant sends, the longest silent first. Good: seconds or minutes.")
        .no_value("No events")
    )


def worker_memory() -> timeseries.Panel:
    """Resident memory, one line a worker."""
    return (
        panels.default_timeseries(sql(_NAME, "worker_memory"), units.BytesIEC)
        .color_scheme(panels.BY_ORDER)
        .title("Worker memory")
        .description("Resident memory of each worker. Good: level, whatever the rate.")
        .no_value("No worker")
    )


def insert_retries() -> timeseries.Panel:
    """Statements sent again, by the store's error code."""
    return (
        panels.default_timeseries(sql(_NAME, "insert_retries"), units.CountsPerMinute)
        .color_scheme(panels.BY_ORDER)
        .title("Insert retries")
        .description("Statements repeated a minute, by the store's error code. Good: none.")
        .no_value("No retries")
    )
