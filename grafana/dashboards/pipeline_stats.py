"""The top rows of pipeline health: numbers that answer "is it broken now?"."""

from __future__ import annotations

from collections.abc import Iterator

from millrace.grafana import limits, palette, panels
from millrace.grafana.foundation import stat, units
from millrace.grafana.sql_files import sql

_NAME = "pipeline_overview"
#: Differences between log and store, however few, are a page.
PROOF: panels.Steps = ((None, palette.SUCCESS), (1, palette.ERROR))
PROOF_AGE: panels.Steps = (
    (None, palette.SUCCESS),
    (limits.PROOF_WARN, palette.WARNING),
    (limits.PROOF_BAD, palette.ERROR),
)
PARTS: panels.Steps = (
    (None, palette.SUCCESS),
    (limits.PARTS_WARN, palette.WARNING),
    (limits.PARTS_BAD, palette.ERROR),
)
_LATE: panels.Steps = ((None, palette.SUCCESS), (limits.LATE_WARN, palette.WARNING))
_RISING: panels.Steps = ((None, palette.SUCCESS), (limits.LAG_RISE_WARN, palette.WARNING))


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


def reconciled() -> stat.Panel:
    """The verdict of the newest proof."""
    return (
        panels.default_stat(sql(_NAME, "reconciled"), units.Short, PROOF)
        .title("Reconciled")
        .description("Differences that the newest proof of log and store found. Good: all agree.")
        .mappings(panels.value_words({"0": ("All agree", palette.SUCCESS)}))
        .no_value("No proof")
    )


def proof_age() -> stat.Panel:
    """How old that verdict is."""
    return (
        panels.default_stat(sql(_NAME, "proof_age"), units.Seconds, PROOF_AGE)
        .title("Last proof")
        .description("Time since log and store were compared. Good: under twenty minutes.")
        .no_value("No proof")
        .decimals(0)
    )


def late_share() -> stat.Panel:
    """How much comes after its window could be corrected."""
    return (
        panels.default_stat(sql(_NAME, "late_share"), units.PercentUnit, _LATE)
        .title("Too late")
        .description("Share of events too late for their live window. Good: below 1 %.")
        .min(0)
        .max(1)
        .no_value("No traffic")
    )


def lag_trend() -> stat.Panel:
    """Whether the backlog grows."""
    return (
        panels.default_stat(sql(_NAME, "lag_trend"), units.Short, _RISING)
        .title("Lag trend")
        .description("Records a minute by which the fastest backlog grows. Good: zero or less.")
        .no_value("No worker")
        .decimals(1)
    )


def paused() -> stat.Panel:
    """Partitions that nobody reads on purpose."""
    return (
        panels.default_stat(sql(_NAME, "paused"), units.Short, panels.SOME)
        .title("Paused partitions")
        .description("Partitions paused because too much was refused. Good: none.")
        .no_value("No worker")
    )


def lost() -> stat.Panel:
    """What the log forgot before it was stored."""
    return (
        panels.default_stat(sql(_NAME, "lost"), units.Short, PROOF)
        .title("Lost offsets")
        .description("Offsets that the log forgot before they were stored. Good: none.")
        .no_value("No worker")
    )


def tag_overflow_count() -> stat.Panel:
    """How often a tag had more values than its budget."""
    return (
        panels.default_stat(sql(_NAME, "tag_overflow_count"), units.Short, panels.SOME)
        .title("Tag overflows")
        .description("Tag values beyond their budget, folded together or refused. Good: none.")
    )


def most_parts() -> stat.Panel:
    """How near ClickHouse is to delaying inserts."""
    return (
        panels.default_stat(sql(_NAME, "most_parts"), units.Short, PARTS)
        .title("Most parts")
        .description("Parts of the fullest partition in ClickHouse. Good: below 300.")
        .no_value("No worker")
    )


def second_row() -> Iterator[stat.Panel]:
    """The numbers of the second line, in the order they are shown."""
    yield reconciled()
    yield proof_age()
    yield late_share()
    yield lag_trend()
    yield paused()
    yield lost()
    yield tag_overflow_count()
    yield most_parts()


def row() -> Iterator[stat.Panel]:
    """The numbers of the first line, in the order they are shown."""
    yield events_per_second()
    yield rejected_share()
    yield dead_letters()
    yield duplicates()
    yield worst_lag()
    yield data_complete_to()
    yield newest_data_age()
    yield delay_p99_now()
