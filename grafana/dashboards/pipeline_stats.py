"""The top row of the pipeline overview: eight numbers that answer "is it broken now?"."""

from __future__ import annotations

from collections.abc import Iterator

from millrace.grafana import panels
from millrace.grafana.foundation import stat, units
from millrace.grafana.sql_files import sql

_NAME = "pipeline_overview"


def events_per_second() -> stat.Panel:
    """The newest whole bucket's rate over its history."""
    return (
        panels.default_sparkline(sql(_NAME, "events_per_second"), units.EventsPerSecond)
        .title("Events a second")
        .description("Events stored a second, newest whole bucket. Good: what producers send.")
        .no_value("No traffic")
        .interval("10s")
        .max_data_points(100)
    )


def rejected_share() -> stat.Panel:
    """Rejected of delivered."""
    return (
        panels.default_stat(sql(_NAME, "rejected_share"), units.PercentUnit, panels.REJECTED)
        .title("Rejected")
        .description("Share of delivered events that were refused. Good: below 1 %.")
        .min(0)
        .max(1)
        .no_value("No traffic")
    )


def dead_letters() -> stat.Panel:
    """How many dead letters wait for someone."""
    return (
        panels.default_stat(sql(_NAME, "dead_letters"), units.Short, panels.SOME)
        .title("Dead letters")
        .description("Refused events kept for inspection, in the selected range. Good: none.")
    )


def duplicates() -> stat.Panel:
    """What producers sent twice."""
    return (
        panels.default_stat(sql(_NAME, "duplicates"), units.Short)
        .title("Duplicates")
        .description("Events dropped because a producer sent their id again. Good: few; no loss.")
        .no_value("No traffic")
    )


def worst_lag() -> stat.Panel:
    """The partition that is furthest behind, in records."""
    return (
        panels.default_stat(sql(_NAME, "worst_lag"), units.Short, panels.LAG)
        .title("Worst lag")
        .description("Records waiting in the fullest partition, as last reported. Good: near zero.")
        .no_value("No worker")
    )


def data_complete_to() -> stat.Panel:
    """The time up to which every partition has been stored."""
    return (
        panels.default_stat(sql(_NAME, "data_complete_to"), units.DatetimeISONotToday)
        .title("Data complete to")
        .description("All that reached Kafka up to this time is stored. Good: seconds ago.")
        .no_value("No worker")
    )


def newest_data_age() -> stat.Panel:
    """Seconds since the last flush with events in it."""
    return (
        panels.default_stat(sql(_NAME, "newest_data_age"), units.Seconds, panels.AGE)
        .title("Newest data")
        .description("Time since events were last stored. Good: seconds, while producers send.")
        .no_value("No traffic")
        .decimals(0)
    )


def delay_p99_now() -> stat.Panel:
    """99th percentile of the delay in the last five minutes."""
    return (
        panels.default_stat(sql(_NAME, "delay_p99_now"), units.Seconds, panels.DELAY)
        .title("Delay p99")
        .description("From Kafka to the store, 99th percentile, last 5 minutes. Good: under 5 s.")
        .no_value("No traffic")
    )


def row() -> Iterator[stat.Panel]:
    """Every number, in the order they are shown."""
    yield events_per_second()
    yield rejected_share()
    yield dead_letters()
    yield duplicates()
    yield worst_lag()
    yield data_complete_to()
    yield newest_data_age()
    yield delay_p99_now()
