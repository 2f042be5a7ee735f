"""Identity: pipelines, their engines, webhooks, and the health of what it all rests on."""

from __future__ import annotations

from collections.abc import Iterator

from millrace.grafana import limits, palette, panels
from millrace.grafana.dashboards import identity_style as style
from millrace.grafana.foundation import common, piechart, stat, table, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "identity"
_DASHED = [
    style.value("custom.lineStyle", {"fill": "dash", "dash": [8, 4]}),
    style.value("custom.fillOpacity", 0),
]
_FAILED: panels.Steps = (
    (None, palette.SUCCESS),
    (limits.ERRORS_WARN, palette.WARNING),
    (limits.WEBHOOK_FAILED_BAD, palette.ERROR),
)


def pipelines() -> timeseries.Panel:
    """Panel C."""
    panel = (
        panels.default_timeseries(sql(_NAME, "pipelines"), units.Milliseconds)
        .title("Pipeline Executions")
        .description("Time of a run, P50 and P95, of the five busiest triggers. Good: level.")
        .no_value("No runs")
        .override_by_regexp("/P95$/", _DASHED)
    )
    return style.listed(panel)


def pool_active() -> stat.Panel:
    """Engines at work now."""
    return (
        panels.default_stat(sql(_NAME, "pool_active"), units.NoUnit)
        .title("Pool Active")
        .description("Script engines at work, as last reported. Good: below the pool's size.")
        .no_value("No report")
    )


def pool_waiting() -> stat.Panel:
    """Requests without an engine now."""
    return (
        panels.default_stat(sql(_NAME, "pool_waiting"), units.NoUnit, style.NONE)
        .title("Pool Waiting")
        .description("Requests that wait for an engine, as last reported. Good: none.")
        .no_value("No report")
    )


def pool_exhausted() -> stat.Panel:
    """How often there was no engine."""
    return (
        panels.default_stat(sql(_NAME, "pool_exhausted"), units.NoUnit, panels.SOME)
        .title("Pool Exhausted")
        .description("Times that no engine was free, in the period. Good: none.")
    )


def webhooks() -> piechart.Panel:
    """Panel D."""
    colors = {"Successful": palette.SUCCESS, "Failed": palette.ERROR}
    return (
        panels.default_donut(sql(_NAME, "webhooks"), units.NoUnit, colors)
        .title("Webhook Reliability")
        .description("Webhooks emitted, and those that could not be published. Good: all green.")
        .no_value("No webhooks")
    )


def emit_p95() -> stat.Panel:
    """How long it takes to emit one."""
    return (
        style.p95(sql(_NAME, "webhook_emit_p95"))
        .title("Emit P95")
        .description("Time to emit a webhook, 95th percentile. Good: under 500 ms.")
        .no_value("No webhooks")
    )


def delivery_p95() -> stat.Panel:
    """How long it takes to deliver one."""
    return (
        style.p95(sql(_NAME, "webhook_delivery_p95"))
        .title("Delivery P95")
        .description("Time to deliver a webhook, 95th percentile. Good: under 500 ms.")
        .no_value("No deliveries")
    )


def webhooks_total() -> stat.Panel:
    """How many there were."""
    return (
        panels.default_stat(sql(_NAME, "webhooks_total"), units.NoUnit)
        .title("Total Webhooks")
        .description("Webhooks emitted in the period. Good: what your users do brings.")
    )


def system_health() -> Iterator[stat.Panel]:
    """Latency, storage, the pool, keys, and the two services outside."""
    yield (
        style.p95(sql(_NAME, "api_latency"))
        .title("API Latency")
        .description("P95 of authorize and token requests. Good: under 500 ms.")
        .no_value("No requests")
    )
    yield (
        panels.default_stat(sql(_NAME, "storage_time"), units.Seconds, panels.DELAY)
        .title("Storage Time")
        .description("P95 of one write to the telemetry store. Good: under 1 s.")
        .no_value("No writes")
    )
    yield (
        panels.default_stat(sql(_NAME, "pool_most_waiting"), units.NoUnit, style.NONE)
        .title("Most Waiting")
        .description("Most requests that waited for an engine at once. Good: none.")
        .no_value("No report")
    )
    yield (
        style.key_age(sql(_NAME, "key_age"))
        .text_mode(common.BigValueTextMode.VALUE)
        .title("Key Age")
        .description("Age of the signing key as it was last reported. Good: below 25 days.")
        .no_value("No report")
    )
    for service, query, what in (
        ("Resend", "resend_failures", "Mails that could not be sent"),
        ("QStash", "qstash_failures", "Webhooks that could not be published"),
    ):
        yield (
            panels.default_stat(sql(_NAME, query), units.PercentUnit, _FAILED)
            .min(0)
            .max(1)
            .title(f"{service} Failures")
            .description(f"{what}, as a share. Good: below 1 %.")
            .no_value("Nothing sent")
        )


def engine_and_scripts() -> timeseries.Panel:
    """The engine's share of a run and the users' own time, apart."""
    panel = (
        panels.default_timeseries(sql(_NAME, "engine_and_scripts"), units.Milliseconds)
        .title("Engine and Script Time")
        .description("Engine overhead of a run, and time of one user script. Good: engine low.")
        .no_value("No traces")
    )
    return style.colored(panel, {"Engine P95": palette.PRIMARY, "Script P95": palette.SECONDARY})


def decision_time() -> timeseries.Panel:
    """How long an audited decision took."""
    return style.percentiles(
        panels.default_timeseries(sql(_NAME, "decision_time"), units.Milliseconds)
        .title("Decision Time")
        .description("Time of a decision, from authorization audits. Good: level and short.")
        .no_value("No audits")
    )


def runs() -> table.Panel:
    """What became of runs, from traces."""
    return (
        panels.default_table(
            sql(_NAME, "runs"),
            units={
                "Runs": units.NoUnit,
                "Failures": units.NoUnit,
                "Blocked": units.NoUnit,
                "Run P95": units.Milliseconds,
                "Engine Share": units.PercentUnit,
            },
            widths={"Runs": 85, "Failures": 85, "Blocked": 80, "Run P95": 95, "Engine Share": 115},
        )
        .title("Pipeline Runs")
        .description("Runs, failures and blocks of each pipeline. Good: small engine share.")
        .no_value("No traces")
    )


def scripts() -> table.Panel:
    """The users' own scripts, those that take most first."""
    return (
        panels.default_table(
            sql(_NAME, "scripts"),
            units={
                "Runs": units.NoUnit,
                "Failures": units.NoUnit,
                "P50": units.Milliseconds,
                "P95": units.Milliseconds,
                "Total Time": units.Milliseconds,
            },
            widths={"Runs": 90, "Failures": 90, "P50": 90, "P95": 90, "Total Time": 120},
        )
        .title("User Scripts")
        .description("Users' scripts by the time they took in all. Good: no script stands out.")
        .no_value("No traces")
    )
